//! Who signed in: the ID token, verified.
//!
//! Every check of "Microsoft identity platform ID tokens" and of `OpenID` Connect
//! Core 3.1.3.7. Microsoft's own libraries don't look at the signature; we do,
//! since a tenant is bound by what stands in this token and by nothing else.
//! People are recognized by tenant and object id, never by a name or an address.

use std::collections::HashMap;
use std::sync::OnceLock;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::signature::{self, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, Validation};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;
use url::Url;
use uuid::{Uuid, uuid};

use crate::client::Client;
use crate::failure::{Failure, Kind};
use crate::transport::Answer;
use crate::{ObjectId, Tenant, TenantId};

/// The tenant in which all personal accounts live.
const PERSONAL: Uuid = uuid!("9188040d-6c67-4c5b-b112-36a304b66dad");

const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Signing keys are asked for again after this long even if all are known.
const KEYS_AGE: SignedDuration = SignedDuration::from_hours(24);

/// An unknown key makes us ask again, but not more often than this.
const KEYS_REST: SignedDuration = SignedDuration::from_mins(5);

/// The account that signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub tenant: TenantId,
    pub object_id: ObjectId,
    /// For people to read; changes, and isn't unique.
    pub name: String,
    /// For people to read; changes, and isn't unique.
    pub preferred_username: String,
    /// At home in another tenant: can't host Teams meetings.
    pub is_guest: bool,
}

impl Identity {
    /// Whether this account can host meetings at all; a trial meeting says the rest.
    pub fn can_host(&self) -> Result<(), Failure> {
        if self.is_guest {
            return Err(Failure::new(Kind::GuestHost));
        }
        Ok(())
    }
}

impl Client {
    /// Verifies an ID token from the token endpoint. `expected` is the tenant
    /// that is bound already.
    pub async fn identify(
        &self,
        id_token: &SecretString,
        nonce: &SecretString,
        expected: Option<TenantId>,
    ) -> Result<Identity, Failure> {
        const LONGEST: usize = 32 * 1024;
        let token = id_token.expose_secret();
        if token.len() > LONGEST {
            return Err(refused("the ID token is too long"));
        }
        let kid = key_id(token)?;
        let Some(key) = self.key(&kid).await? else {
            return Err(refused("nobody knows the key that signed the ID token"));
        };
        let claims = verified(token, &key, &self.application().client_id.to_string())?;
        self.believed(claims, &key, nonce, expected)
    }

    fn believed(
        &self,
        claims: Claims,
        key: &Key,
        nonce: &SecretString,
        expected: Option<TenantId>,
    ) -> Result<Identity, Failure> {
        let now = self.parts().clock.now();
        let at = |seconds: i64| {
            Timestamp::from_second(seconds).map_err(|_| refused("a time that is none"))
        };
        if at(claims.exp)?
            .saturating_add(SKEW)
            .is_ok_and(|exp| exp <= now)
        {
            return Err(refused("the ID token has expired"));
        }
        for begin in [Some(claims.iat), claims.nbf].into_iter().flatten() {
            if at(begin)?
                .saturating_sub(SKEW)
                .is_ok_and(|begin| begin > now)
            {
                return Err(refused("the ID token isn't valid yet"));
            }
        }
        if claims.ver != "2.0" {
            return Err(refused("the ID token is of another version"));
        }
        let Ok(tid) = claims.tid.parse::<Uuid>() else {
            return Err(refused("the ID token names no tenant"));
        };
        let issuer = self.cloud().issuer(&tid.to_string());
        if claims.iss != issuer {
            return Err(refused("the ID token's issuer isn't its tenant"));
        }
        let template = self.cloud().issuer("{tenantid}");
        if let Some(of_key) = &key.issuer
            && *of_key != template
            && *of_key != issuer
        {
            return Err(refused("the key that signed isn't this issuer's"));
        }
        let given = claims.nonce.unwrap_or_default();
        let same: bool = given
            .as_bytes()
            .ct_eq(nonce.expose_secret().as_bytes())
            .into();
        if given.is_empty() || !same {
            return Err(refused("the ID token answers another sign-in"));
        }
        if tid == PERSONAL {
            return Err(Failure::new(Kind::PersonalAccount));
        }
        if expected.is_some_and(|expected| expected.0 != tid) {
            return Err(Failure::new(Kind::OtherTenant));
        }
        let Ok(object_id) = claims.oid.parse() else {
            return Err(refused("the ID token names no account"));
        };
        let home = claims
            .idp
            .as_ref()
            .is_none_or(|idp| idp.contains(&tid.to_string()));
        let is_guest =
            !home || claims.acct == Some(1) || claims.preferred_username.contains("#EXT#");
        Ok(Identity {
            tenant: TenantId(tid),
            object_id,
            name: readable(&claims.name),
            preferred_username: readable(&claims.preferred_username),
            is_guest,
        })
    }

    /// The key of that id, from memory where it is fresh enough.
    async fn key(&self, kid: &str) -> Result<Option<Key>, Failure> {
        let mut cache = self.parts().keys.0.lock().await;
        let now = self.parts().clock.now();
        let age = cache.fetched_at.map(|at| now.duration_since(at));
        let known = cache.keys.contains_key(kid);
        let wanted = match age {
            None => true,
            Some(age) => age >= KEYS_AGE || (!known && age >= KEYS_REST),
        };
        if wanted {
            cache.keys = self.fetch_keys().await?;
            cache.fetched_at = Some(now);
        }
        Ok(cache.keys.get(kid).cloned())
    }

    /// Discovery first, as the standard has it, but nothing in it may lead away
    /// from the configured login host.
    async fn fetch_keys(&self) -> Result<HashMap<String, Key>, Failure> {
        const MOST: usize = 100;
        let cloud = self.cloud();
        let discovery: Discovery = self
            .fetch(cloud.discovery(Tenant::Organizations).as_str())
            .await?
            .json()?;
        let wrong = |what: &str| Failure::new(Kind::EndpointRefused).detailed(what, &[]);
        if discovery.issuer != cloud.issuer("{tenantid}") {
            return Err(wrong("its issuer isn't the configured login address"));
        }
        for endpoint in [
            &discovery.authorization_endpoint,
            &discovery.token_endpoint,
            &discovery.jwks_uri,
        ] {
            if !Url::parse(endpoint).is_ok_and(|url| cloud.is_at_login(&url)) {
                return Err(wrong(
                    "an endpoint lies outside the configured login address",
                ));
            }
        }
        let set: KeySet = self.fetch(&discovery.jwks_uri).await?.json()?;
        Ok(set
            .keys
            .into_iter()
            .take(MOST)
            .filter_map(PublishedKey::read)
            .collect())
    }

    async fn fetch(&self, url: &str) -> Result<Answer, Failure> {
        let request = Request::get(url)
            .header(header::ACCEPT, "application/json")
            .body(Full::default())
            .map_err(|_| Failure::new(Kind::EndpointRefused))?;
        let answer = self.parts().transport.exchange(request, &[]).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer);
        }
        let kind = if answer.status.is_server_error() || answer.status.as_u16() == 429 {
            Kind::Unavailable
        } else {
            Kind::Garbage
        };
        Err(Failure::new(kind)
            .with_status(answer.status)
            .with_ids(&answer.headers))
    }
}

fn refused(why: &str) -> Failure {
    Failure::new(Kind::IdTokenRefused).detailed(why, &[])
}

/// A name for people: one line, at most 256 characters.
fn readable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(256).collect()
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<PublishedKey>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
    issuer: Option<String>,
}

impl PublishedKey {
    /// Keys for other purposes are none of ours.
    fn read(self) -> Option<(String, Key)> {
        if self.kty != "RSA" || self.purpose.is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let number = |text: String| {
            BASE64_URL_SAFE_NO_PAD
                .decode(text.trim_end_matches('='))
                .ok()
        };
        let (n, e) = (number(self.n?)?, number(self.e?)?);
        let key = Key {
            public: DecodingKey::from_rsa_raw_components(&n, &e),
            issuer: self.issuer,
        };
        Some((self.kid?, key))
    }
}

#[derive(Clone, Debug)]
struct Key {
    public: DecodingKey,
    /// Whose tokens it may sign; `{tenantid}` stands for any tenant.
    issuer: Option<String>,
}

/// Microsoft's signing keys, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Keys(Mutex<Cache>);

#[derive(Debug, Default)]
struct Cache {
    keys: HashMap<String, Key>,
    fetched_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    ver: String,
    tid: String,
    oid: String,
    nonce: Option<String>,
    #[serde(default)]
    name: String,
    #[serde(default)]
    preferred_username: String,
    idp: Option<String>,
    acct: Option<u8>,
    // One audience, ours; a list is refused, whatever stands in it.
    #[serde(rename = "aud")]
    _aud: String,
}

/// The id of the key, from a header that asks for nothing unusual. It is looked
/// up among known keys and never taken for an address.
fn key_id(token: &str) -> Result<String, Failure> {
    const LONGEST: usize = 256;
    let header =
        jsonwebtoken::decode_header(token).map_err(|_| refused("the ID token can't be read"))?;
    let typ = header.typ.as_deref().unwrap_or("JWT");
    let plain = header.alg == Algorithm::RS256
        && typ.eq_ignore_ascii_case("JWT")
        && header.crit.is_none()
        && header.jku.is_none()
        && header.jwk.is_none()
        && header.x5u.is_none()
        && header.enc.is_none()
        && header.zip.is_none();
    if !plain {
        return Err(refused("the ID token is of an unusual kind"));
    }
    header
        .kid
        .filter(|kid| !kid.is_empty() && kid.len() <= LONGEST)
        .ok_or_else(|| refused("the ID token doesn't say which key signed it"))
}

/// The claims of a token that this key signed for this application. Times are
/// compared by the clock that was handed in, so not here.
fn verified(token: &str, key: &Key, client_id: &str) -> Result<Claims, Failure> {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        // Fails when the program chose another one, which then verifies.
        let _ = RING.install_default();
    });
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.set_audience(&[client_id]);
    validation.set_required_spec_claims(&["aud", "exp", "iss"]);
    match jsonwebtoken::decode::<Claims>(token, &key.public, &validation) {
        Ok(read) => Ok(read.claims),
        Err(error) => Err(refused(match error.kind() {
            ErrorKind::InvalidSignature => "the ID token's signature is wrong",
            ErrorKind::InvalidAudience => "the ID token is meant for another application",
            _ => "the ID token can't be read",
        })),
    }
}

/// RS256 by ring, and nothing else: see decision 0002.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::UnsupportedAlgorithm.into()),
    verifier_factory: |algorithm, key| match (algorithm, key.kind()) {
        (Algorithm::RS256, DecodingKeyKind::RsaModulusExponent { n, e }) => Ok(Box::new(Rs256 {
            n: n.clone(),
            e: e.clone(),
        })),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Rs256 {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl Verifier<Vec<u8>> for Rs256 {
    fn verify(&self, message: &[u8], signed: &Vec<u8>) -> Result<(), signature::Error> {
        RsaPublicKeyComponents {
            n: &self.n,
            e: &self.e,
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, signed)
        .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for Rs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}
