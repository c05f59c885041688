//! Calling a meeting off.

use axum::extract::Path;
use http::StatusCode;
use mentoring::meeting::Scope;
use serde_json::Value;

use super::change::{Deed, attempt};
use super::{Seen, answer, fields, find};
use crate::api::body::Fields;
use crate::api::query::Parameters;
use crate::api::{Answer, Writer, schema};

pub fn schema() -> Value {
    schema::object(&[("reason", fields::reason(), false)])
}

pub async fn cancel(
    writer: Writer,
    Path(id): Path<String>,
    seen: Seen,
    parameters: Parameters,
    mut body: Fields,
) -> Answer {
    parameters.end()?;
    find(&writer, &id).await?;
    let wanted = body.all().clone();
    let reason = body.text("reason");
    body.end()?;
    let deed = Deed::Cancel(Scope::All, reason);
    attempt(&writer, &id, &seen, &wanted, &deed).await?;
    let stored = find(&writer, &id).await?;
    answer(&writer, StatusCode::OK, stored).await
}
