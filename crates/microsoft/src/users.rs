//! People in the directory, as far as `User.ReadBasic.All` shows them: whether
//! an account exists, its names, addresses and photo. Not whether it is
//! enabled or licensed.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::failure::{About, Failure, GraphError, Group, Kind};
use crate::graph::{Call, List, escaped};
use crate::token::AccessToken;
use crate::{ObjectId, TenantId};

/// Addresses that one look-up takes ("JSON batching": 20 requests).
pub const LOOKUP_BATCH: usize = 20;

const FIELDS: &str = "$select=id,displayName,givenName,surname,mail,userPrincipalName";

/// An account in the tenant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DirectoryAccount {
    #[serde(rename = "id")]
    pub object_id: ObjectId,
    /// Can change; never an identity key.
    pub user_principal_name: String,
    pub given_name: Option<String>,
    pub surname: Option<String>,
    pub display_name: Option<String>,
    pub mail: Option<String>,
}

impl DirectoryAccount {
    /// Invited from another tenant. Basic permissions don't show the user type,
    /// but the name that Entra ID gives to guests.
    pub fn is_guest(&self) -> bool {
        self.user_principal_name
            .to_ascii_uppercase()
            .contains("#EXT#")
    }

    fn answers_to(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.user_principal_name.to_lowercase() == address
            || self
                .mail
                .as_ref()
                .is_some_and(|mail| mail.to_lowercase() == address)
    }
}

/// What the directory says about one address: nobody, one, or several accounts.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub address: String,
    pub found: Result<Vec<DirectoryAccount>, Failure>,
}

/// What the directory says about an account that was found before.
#[derive(Clone, Debug)]
pub struct KnownAccount {
    pub object_id: ObjectId,
    pub found: Result<Option<DirectoryAccount>, Failure>,
}

/// The tenant as its administrators know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryOrganization {
    pub tenant: TenantId,
    pub display_name: String,
    pub domains: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    pub bytes: Bytes,
    /// `image/jpeg`, `image/png` or `image/gif`.
    pub content_type: &'static str,
}

/// The calls about people, with one token.
#[derive(Debug)]
pub struct Users<'a> {
    client: &'a Client,
    token: &'a AccessToken,
}

impl Client {
    pub fn users<'a>(&'a self, token: &'a AccessToken) -> Users<'a> {
        Users {
            client: self,
            token,
        }
    }
}

impl Users<'_> {
    /// The host itself.
    pub async fn me(&self) -> Result<DirectoryAccount, Failure> {
        let path = format!("/me?{FIELDS}");
        let me: DirectoryAccount = self
            .client
            .get_json(self.token, Call::get("me", &path))
            .await?;
        if me.object_id != self.token.host() {
            return Err(Failure::garbage("another account than the token's"));
        }
        Ok(me)
    }

    /// The tenant's own entry.
    pub async fn organization(&self) -> Result<DirectoryOrganization, Failure> {
        let path = "/organization?$select=id,displayName,verifiedDomains";
        let list: List<OrganizationBody> = self
            .client
            .get_json(self.token, Call::get("organization", path))
            .await?;
        let [organization] = <[_; 1]>::try_from(list.value)
            .map_err(|_| Failure::garbage("not exactly one organization"))?;
        Ok(DirectoryOrganization {
            tenant: organization.id,
            display_name: organization.display_name.unwrap_or_default(),
            domains: organization
                .verified_domains
                .into_iter()
                .map(|domain| domain.name)
                .collect(),
        })
    }

    /// Looks up at most [`LOOKUP_BATCH`] addresses in one or two calls: first
    /// as user principal names, then, for those that aren't, among the e-mail
    /// addresses. One failure doesn't spoil the other answers.
    pub async fn find_by_email(&self, addresses: &[String]) -> Result<Vec<Lookup>, Failure> {
        if addresses.len() > LOOKUP_BATCH {
            return Err(Failure::new(Kind::RequestWrong).detailed("too many addresses", &[]));
        }
        let mut found: Vec<_> = addresses.iter().map(|_| Ok(Vec::new())).collect();
        let ask: Vec<_> = (0..addresses.len())
            .filter(|&i| is_address(&addresses[i]))
            .map(|i| (i, by_name(&addresses[i])))
            .collect();
        let mut ask_again = Vec::new();
        for (i, part) in self.batch("users by name", ask).await? {
            let account = part.and_then(read::<DirectoryAccount>);
            match account {
                Ok(account) if account.answers_to(&addresses[i]) => found[i] = Ok(vec![account]),
                Ok(_) => found[i] = Err(Failure::garbage("another account than asked for")),
                // A name that Graph can't even read is no user principal name.
                Err(failure) if matches!(failure.group(), Group::NotFound | Group::Refused) => {
                    ask_again.push((i, by_mail(&addresses[i])));
                }
                Err(failure) => found[i] = Err(failure),
            }
        }
        for (i, part) in self.batch("users by mail", ask_again).await? {
            let list = part.and_then(read::<List<DirectoryAccount>>);
            let accounts = match list {
                Ok(list) => {
                    self.client
                        .rest_of_list(self.token, "users by mail", list)
                        .await
                }
                Err(failure) => Err(failure),
            };
            found[i] = accounts.and_then(|accounts| {
                let fitting = accounts.iter().all(|one| one.answers_to(&addresses[i]));
                if fitting {
                    Ok(accounts)
                } else {
                    Err(Failure::garbage("other accounts than asked for"))
                }
            });
        }
        Ok(addresses
            .iter()
            .zip(found)
            .map(|(address, found)| Lookup {
                address: address.clone(),
                found,
            })
            .collect())
    }

    /// Looks at most [`LOOKUP_BATCH`] known accounts up again, in one call. An
    /// account that is gone is `None`; one failure doesn't spoil the others.
    pub async fn find_by_id(&self, ids: &[ObjectId]) -> Result<Vec<KnownAccount>, Failure> {
        if ids.len() > LOOKUP_BATCH {
            return Err(Failure::new(Kind::RequestWrong).detailed("too many accounts", &[]));
        }
        let ask = ids
            .iter()
            .enumerate()
            .map(|(i, id)| (i, format!("/users/{id}?{FIELDS}")))
            .collect();
        Ok(self
            .batch("users by id", ask)
            .await?
            .into_iter()
            .map(|(i, part)| {
                let found = match part.and_then(read::<DirectoryAccount>) {
                    Ok(account) if account.object_id == ids[i] => Ok(Some(account)),
                    Ok(_) => Err(Failure::garbage("another account than asked for")),
                    Err(failure) if failure.group() == Group::NotFound => Ok(None),
                    Err(failure) => Err(failure),
                };
                KnownAccount {
                    object_id: ids[i],
                    found,
                }
            })
            .collect())
    }

    /// The photo in 96 by 96 pixels, if there is one.
    pub async fn photo(&self, of: ObjectId) -> Result<Option<Photo>, Failure> {
        let path = format!("/users/{of}/photos/96x96/$value");
        let answer = match self
            .client
            .call(self.token, Call::get("photo", &path))
            .await
        {
            Err(failure) if failure.kind == Kind::NotFound => return Ok(None),
            answer => answer?,
        };
        let said = answer
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let essence = said.split(';').next().unwrap_or_default().trim();
        let content_type = ["image/jpeg", "image/png", "image/gif"]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(essence));
        match content_type {
            Some(content_type) if answer.status == StatusCode::OK && !answer.body.is_empty() => {
                Ok(Some(Photo {
                    bytes: answer.body,
                    content_type,
                }))
            }
            _ => Err(Failure::garbage("a photo that is no picture")),
        }
    }

    /// Sends GETs together, and gives each its answer or its own failure.
    async fn batch(
        &self,
        name: &'static str,
        parts: Vec<(usize, String)>,
    ) -> Result<Vec<(usize, Result<serde_json::Value, Failure>)>, Failure> {
        if parts.is_empty() {
            return Ok(Vec::new());
        }
        let requests: Vec<_> = parts
            .iter()
            .map(|(id, url)| json!({ "id": id.to_string(), "method": "GET", "url": url }))
            .collect();
        let mut call = Call::new(name, Method::POST, "/$batch");
        call.body = Some(json!({ "requests": requests }));
        let answered: BatchBody = self.client.get_json(self.token, call).await?;
        let mut by_id = HashMap::new();
        for part in answered.responses {
            if by_id.insert(part.id.clone(), part).is_some() {
                return Err(Failure::garbage("two answers to one part of a batch"));
            }
        }
        Ok(parts
            .into_iter()
            .map(|(id, _)| {
                let part = by_id.remove(&id.to_string());
                let read = part
                    .ok_or_else(|| Failure::garbage("a part of a batch without an answer"))
                    .and_then(|part| self.part(part));
                (id, read)
            })
            .collect())
    }

    fn part(&self, part: BatchPart) -> Result<serde_json::Value, Failure> {
        let status = StatusCode::from_u16(part.status)
            .map_err(|_| Failure::garbage("a status that is none"))?;
        if status == StatusCode::OK {
            return Ok(part.body);
        }
        let headers: HeaderMap = part
            .headers
            .iter()
            .filter_map(|(name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
                Some((name, HeaderValue::from_str(value).ok()?))
            })
            .collect();
        let body = part.body.to_string();
        let now = self.client.parts().clock.now();
        let sent = [self.token.secret()];
        Err(GraphError::read(
            status,
            &headers,
            Some(body.as_bytes()),
            &sent,
            now,
            About::People,
        ))
    }
}

/// What could be an address at all: Graph is not asked about anything else.
fn is_address(text: &str) -> bool {
    const LONGEST: usize = 320;
    text.len() <= LONGEST
        && text.contains('@')
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

fn by_name(address: &str) -> String {
    if address.starts_with('$') {
        // "Get a user": names that begin with a dollar sign go in parentheses.
        format!("/users('{}')?{FIELDS}", escaped(&quoted(address)))
    } else {
        format!("/users/{}?{FIELDS}", escaped(address))
    }
}

fn by_mail(address: &str) -> String {
    let address = quoted(address);
    let filter = format!("mail eq '{address}' or userPrincipalName eq '{address}'");
    format!("/users?$filter={}&{FIELDS}", escaped(&filter))
}

/// Inside a string of `OData` a quote is written twice.
fn quoted(text: &str) -> String {
    text.replace('\'', "''")
}

fn read<T: serde::de::DeserializeOwned>(body: serde_json::Value) -> Result<T, Failure> {
    serde_json::from_value(body)
        .map_err(|_| Failure::garbage("JSON of another shape than documented"))
}

#[derive(Deserialize)]
struct BatchBody {
    responses: Vec<BatchPart>,
}

#[derive(Deserialize)]
struct BatchPart {
    id: String,
    status: u16,
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrganizationBody {
    id: TenantId,
    display_name: Option<String>,
    #[serde(default)]
    verified_domains: Vec<DomainBody>,
}

#[derive(Deserialize)]
struct DomainBody {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_so_that_nothing_in_them_is_mistaken() {
        assert_eq!(
            by_name("mei.tanaka@larkspur.example"),
            format!("/users/mei.tanaka@larkspur.example?{FIELDS}")
        );
        assert_eq!(
            by_name("a/b?c#EXT#&d@x"),
            format!("/users/a%2Fb%3Fc%23EXT%23%26d@x?{FIELDS}")
        );
        assert_eq!(
            by_name("$o'hara@x"),
            format!("/users('%24o%27%27hara@x')?{FIELDS}")
        );
        assert_eq!(
            by_mail("o'hara+1@x"),
            format!(
                "/users?$filter=mail%20eq%20%27o%27%27hara%2B1@x%27%20or%20userPrincipalName%20eq%20%27o%27%27hara%2B1@x%27&{FIELDS}"
            )
        );
    }

    #[test]
    fn graph_is_asked_about_addresses_only() {
        assert!(is_address("mei.tanaka@larkspur.example"));
        assert!(!is_address("me"));
        assert!(!is_address("mei tanaka@larkspur.example"));
        assert!(!is_address("mei@larkspur.example\r\nX: y"));
        assert!(!is_address(&format!("{}@x", "m".repeat(400))));
    }
}
