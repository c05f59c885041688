//! Everything that Entra ID refuses, with the number, the OAuth error and the
//! sentence that Microsoft gives it.
//!
//! Source: "Microsoft Entra authentication and authorization error codes" and reports in public
//! threads; which codes come with which `suberror` is partly unverified.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::HeaderName};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::Sandbox;

/// The header that carries the trace id of an answer.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-ms-request-id");

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) code: u32,
    pub(super) error: &'static str,
    suberror: Option<&'static str>,
    text: String,
    claims: Option<String>,
}

struct Row(u32, &'static str, Option<&'static str>, &'static str);

const ROWS: &[Row] = &[
    Row(
        28000,
        "invalid_scope",
        None,
        "Provided value for the input parameter scope is not valid because it contains more than one resource.",
    ),
    Row(
        50011,
        "invalid_request",
        None,
        "The redirect URI specified in the request does not match the redirect URIs configured for the application.",
    ),
    Row(
        50012,
        "invalid_client",
        None,
        "Authentication failed. Client assertion is invalid.",
    ),
    Row(
        50020,
        "invalid_grant",
        None,
        "User account does not exist in the tenant and cannot access the application in that tenant.",
    ),
    Row(
        50027,
        "invalid_client",
        None,
        "JWT token is invalid or malformed.",
    ),
    Row(
        50033,
        "temporarily_unavailable",
        None,
        "A transient error has occurred. Please try again.",
    ),
    Row(
        50034,
        "invalid_grant",
        None,
        "The user account does not exist in the directory. To sign into this application, the account must be added to the directory.",
    ),
    Row(
        50049,
        "invalid_instance",
        None,
        "Unknown or invalid instance.",
    ),
    Row(
        50055,
        "invalid_grant",
        Some("user_password_expired"),
        "The password is expired.",
    ),
    Row(
        50057,
        "invalid_grant",
        None,
        "The user account is disabled.",
    ),
    Row(
        50058,
        "login_required",
        None,
        "A silent sign-in request was sent but no user is signed in.",
    ),
    Row(
        50059,
        "invalid_request",
        None,
        "No tenant-identifying information found in either the request or implied by any provided credentials.",
    ),
    Row(
        50074,
        "interaction_required",
        Some("basic_action"),
        "Strong Authentication is required.",
    ),
    Row(
        50076,
        "interaction_required",
        Some("basic_action"),
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    ),
    Row(
        50078,
        "interaction_required",
        Some("basic_action"),
        "Presented multi-factor authentication has expired due to policies configured by your administrator, you must refresh your multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    ),
    Row(
        50079,
        "interaction_required",
        Some("basic_action"),
        "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    ),
    Row(
        50126,
        "invalid_grant",
        None,
        "Error validating credentials due to invalid username or password.",
    ),
    Row(
        50144,
        "invalid_grant",
        Some("user_password_expired"),
        "The user's Active Directory password has expired.",
    ),
    Row(
        50173,
        "invalid_grant",
        Some("bad_token"),
        "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
    ),
    Row(
        500_121,
        "access_denied",
        None,
        "Authentication failed during strong authentication request.",
    ),
    Row(
        50194,
        "invalid_request",
        None,
        "Application is not configured as a multi-tenant application. Usage of the /common endpoint is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure the application to be multi-tenant.",
    ),
    Row(
        50196,
        "invalid_request",
        None,
        "The server terminated an operation because it encountered a client request loop. Please contact your app vendor.",
    ),
    Row(
        53000,
        "invalid_grant",
        Some("message_only"),
        "Your device is required to be managed to access this resource.",
    ),
    Row(
        53001,
        "invalid_grant",
        Some("message_only"),
        "Device is not in required device state: domain_joined. Conditional Access policy requires a domain joined device, and the device is not domain joined.",
    ),
    Row(
        53002,
        "invalid_grant",
        Some("message_only"),
        "Application used is not an approved app for Conditional Access.",
    ),
    Row(
        53003,
        "invalid_grant",
        Some("message_only"),
        "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
    ),
    Row(
        530_003,
        "invalid_grant",
        Some("additional_action"),
        "Your device is required to be managed to access this resource.",
    ),
    Row(
        530_032,
        "invalid_grant",
        Some("message_only"),
        "Access has been blocked by security policy set by your administrator.",
    ),
    Row(
        54005,
        "invalid_grant",
        None,
        "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
    ),
    Row(
        65001,
        "invalid_grant",
        Some("consent_required"),
        "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
    ),
    Row(
        65004,
        "access_denied",
        None,
        "User declined to consent to access the app.",
    ),
    Row(
        70000,
        "invalid_grant",
        None,
        "Provided grant is invalid or malformed.",
    ),
    Row(
        70003,
        "unsupported_grant_type",
        None,
        "The app requested an unsupported grant type.",
    ),
    Row(
        70005,
        "unsupported_response_type",
        None,
        "The app returned an unsupported response type.",
    ),
    Row(
        70007,
        "invalid_request",
        None,
        "The provided value for the input parameter 'response_mode' is not valid. Expected values are the following: 'query', 'fragment', 'form_post'.",
    ),
    Row(
        70008,
        "invalid_grant",
        Some("bad_token"),
        "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
    ),
    Row(
        70011,
        "invalid_scope",
        None,
        "The provided value for the input parameter 'scope' is not valid.",
    ),
    Row(
        70018,
        "bad_verification_code",
        None,
        "Invalid verification code due to User typing in wrong user code for device code flow.",
    ),
    Row(
        70043,
        "invalid_grant",
        Some("bad_token"),
        "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    Row(
        70044,
        "login_required",
        None,
        "The session has expired or is invalid due to sign-in frequency checks by conditional access.",
    ),
    Row(
        90002,
        "invalid_request",
        None,
        "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
    ),
    Row(
        90014,
        "invalid_request",
        None,
        "A required field is missing from the request.",
    ),
    Row(
        90023,
        "invalid_request",
        None,
        "A parameter has an unsupported value.",
    ),
    Row(
        90024,
        "temporarily_unavailable",
        None,
        "RequestBudgetExceededError: a transient error has occurred. Please try again.",
    ),
    Row(
        90033,
        "temporarily_unavailable",
        None,
        "A transient error has occurred. Please try again.",
    ),
    Row(
        90094,
        "access_denied",
        None,
        "An administrator must consent to the permissions that the application asks for.",
    ),
    Row(
        90095,
        "access_denied",
        None,
        "An administrator must review the request for the permissions that the application asks for.",
    ),
    Row(
        500_011,
        "invalid_resource",
        None,
        "The resource principal named https://graph.microsoft.com was not found in the tenant. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent your authentication request to the wrong tenant.",
    ),
    Row(
        500_112,
        "invalid_client",
        None,
        "The reply address does not match the reply address provided when requesting Authorization code.",
    ),
    Row(
        500_200,
        "invalid_request",
        None,
        "The account is a personal Microsoft account. Personal Microsoft accounts are not supported for this application unless explicitly invited to an organization. Try signing out and signing back in with an organizational account.",
    ),
    Row(
        500_208,
        "invalid_request",
        None,
        "The domain is not a valid login domain for the account type.",
    ),
    Row(
        501_481,
        "invalid_grant",
        None,
        "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
    ),
    Row(
        501_491,
        "invalid_request",
        None,
        "Invalid size of Code_Challenge parameter.",
    ),
    Row(
        650_053,
        "invalid_client",
        None,
        "The application asked for a scope that doesn't exist on the resource '00000003-0000-0000-c000-000000000000'. Contact the app vendor.",
    ),
    Row(
        700_005,
        "invalid_grant",
        None,
        "The provided Authorization Code is intended to use against other tenant, thus rejected.",
    ),
    Row(
        700_016,
        "unauthorized_client",
        None,
        "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong tenant.",
    ),
    Row(
        700_021,
        "invalid_client",
        None,
        "Client assertion application identifier doesn't match 'client_id' parameter.",
    ),
    Row(
        700_023,
        "invalid_client",
        None,
        "Client assertion audience claim does not match Realm issuer.",
    ),
    Row(
        700_024,
        "invalid_client",
        None,
        "Client assertion is not within its valid time range.",
    ),
    Row(
        700_025,
        "invalid_client",
        None,
        "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    ),
    Row(
        700_027,
        "invalid_client",
        None,
        "Client assertion contains an invalid signature. [Reason - The key was not found.]",
    ),
    Row(
        700_051,
        "unsupported_response_type",
        None,
        "The response_type is not enabled for the application.",
    ),
    Row(
        700_054,
        "unsupported_response_type",
        None,
        "response_type 'id_token' is not enabled for the application.",
    ),
    Row(
        700_082,
        "invalid_grant",
        Some("bad_token"),
        "The refresh token has expired due to inactivity.",
    ),
    Row(
        700_084,
        "invalid_grant",
        None,
        "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which can't be extended. It is now expired and a new sign in request must be sent by the SPA to the sign in page.",
    ),
    Row(
        900_144,
        "invalid_request",
        None,
        "The request body must contain a parameter that is missing.",
    ),
    Row(
        900_561,
        "invalid_request",
        None,
        "The endpoint only accepts POST requests. Received a GET request.",
    ),
    Row(
        1_002_012,
        "invalid_scope",
        None,
        "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).",
    ),
    Row(
        5_002_738,
        "invalid_client",
        None,
        "Invalid JWT token. The signature algorithm is not supported. Supported signing algorithms are: 'RS256, PS256'",
    ),
    Row(
        7_000_112,
        "unauthorized_client",
        None,
        "Application is disabled.",
    ),
    Row(
        7_000_215,
        "invalid_client",
        None,
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to the app.",
    ),
    Row(
        7_000_218,
        "invalid_client",
        None,
        "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    ),
    Row(
        7_000_222,
        "invalid_client",
        None,
        "The provided client secret keys for the app are expired. Visit the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds.",
    ),
    Row(
        9_000_411,
        "invalid_request",
        None,
        "The request is not properly formatted. A parameter is duplicated.",
    ),
    Row(
        9_001_023,
        "invalid_request",
        None,
        "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
    ),
    Row(
        9_002_313,
        "invalid_request",
        None,
        "Invalid request. Request is malformed or invalid.",
    ),
    Row(
        9_002_325,
        "invalid_request",
        None,
        "Proof Key for Code Exchange is required for cross-origin authorization code redemption.",
    ),
    Row(
        9_002_326,
        "invalid_request",
        None,
        "Cross-origin token redemption is permitted only for the 'Single-Page Application' client-type.",
    ),
    Row(
        9_002_327,
        "invalid_request",
        None,
        "Tokens issued for the 'Single-Page Application' client-type may only be redeemed via cross-origin requests.",
    ),
];

impl Failure {
    /// The refusal with this number, as Microsoft usually answers it. A number that isn't in the
    /// table is an `invalid_grant` that names it.
    pub(crate) fn new(code: u32) -> Self {
        let row = ROWS.iter().find(|row| row.0 == code);
        Self {
            code,
            error: row.map_or("invalid_grant", |row| row.1),
            suberror: row.and_then(|row| row.2),
            text: row.map_or("The request was refused.", |row| row.3).to_owned(),
            // A challenge that an interactive sign-in must bring along.
            claims: matches!(code, 50074 | 50076 | 50078 | 50079).then(|| {
                json!({"access_token": {"capolids": {"essential": true, "values": [Uuid::from_u128(u128::from(code))]}}})
                    .to_string()
            }),
        }
    }

    /// With a sentence that names the case at hand.
    #[must_use]
    pub(crate) fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// With another OAuth error: some codes answer differently at different endpoints.
    #[must_use]
    pub(super) fn named(mut self, error: &'static str) -> Self {
        self.error = error;
        self
    }

    /// A parameter is missing.
    pub(super) fn missing(parameter: &str) -> Self {
        Self::new(900_144).saying(format!(
            "The request body must contain the following parameter: '{parameter}'."
        ))
    }

    /// The sentence with its number, as pages show it.
    pub(super) fn message(&self) -> String {
        format!("AADSTS{}: {}", self.code, self.text)
    }

    /// `error_description`, with trace id, correlation id and time.
    pub(super) fn description(&self, trace: &Trace) -> String {
        format!(
            "{}\r\nTrace ID: {}\r\nCorrelation ID: {}\r\nTimestamp: {}",
            self.message(),
            trace.id,
            trace.correlation,
            trace.time()
        )
    }

    /// The address that explains it.
    pub(super) fn uri(&self, sandbox: &Sandbox) -> String {
        format!("{}/error?code={}", sandbox.url(), self.code)
    }

    fn status(&self) -> StatusCode {
        match self.error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer of the token endpoint.
    pub(crate) fn answer(&self, sandbox: &Sandbox, trace: &Trace) -> Response {
        let mut body = json!({
            "error": self.error,
            "error_description": self.description(trace),
            "error_codes": [self.code],
            "timestamp": trace.time(),
            "trace_id": trace.id,
            "correlation_id": trace.correlation,
            "error_uri": self.uri(sandbox),
        });
        if let Some(suberror) = self.suberror {
            body["suberror"] = Value::from(suberror);
        }
        if let Some(claims) = &self.claims {
            body["claims"] = Value::from(claims.as_str());
        }
        (self.status(), trace.headers(), Json(body)).into_response()
    }
}

/// What an answer can be found by in Microsoft's logs.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(super) id: Uuid,
    pub(super) correlation: Uuid,
    /// Whether the client wants its correlation id back in a header.
    returned: bool,
    at: Timestamp,
}

impl Trace {
    /// A new trace; the correlation id is the client's own where it sent one.
    pub(crate) fn new(
        sandbox: &Sandbox,
        headers: &HeaderMap,
        query: &BTreeMap<String, String>,
    ) -> Self {
        let sent = headers
            .get("client-request-id")
            .and_then(|value| value.to_str().ok())
            .or_else(|| query.get("client-request-id").map(String::as_str))
            .and_then(|text| text.parse().ok());
        Self {
            id: sandbox.random().uuid(),
            correlation: sent.unwrap_or_else(|| sandbox.random().uuid()),
            returned: headers
                .get("return-client-request-id")
                .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true")),
            at: sandbox.now(),
        }
    }

    /// The time as error bodies write it.
    pub(super) fn time(&self) -> String {
        self.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
    }

    /// The headers of every answer of the token endpoint.
    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json; charset=utf-8"),
            ("cache-control", "no-store, no-cache"),
            ("pragma", "no-cache"),
            ("expires", "-1"),
            ("x-content-type-options", "nosniff"),
            ("x-ms-ests-server", "2.1.sandbox"),
            ("p3p", "CP=\"DSP CUR OTPi IND OTRi ONL FIN\""),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let mut add = |name: HeaderName, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.append(name, value);
            }
        };
        add(REQUEST_ID, self.id.to_string());
        if self.returned {
            let name = HeaderName::from_static("client-request-id");
            add(name, self.correlation.to_string());
        }
        let flags = "path=/; secure; samesite=none; httponly";
        add(
            header::SET_COOKIE,
            format!("fpc={}; {flags}", self.id.simple()),
        );
        add(
            header::SET_COOKIE,
            format!("stsservicecookie=estsfd; {flags}"),
        );
        headers
    }
}
