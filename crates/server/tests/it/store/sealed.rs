//! Sealed values: which keys they need, and sealed anew with another key.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ithaca::content::Content;
use ithaca::serve;
use ithaca::store::credentials::{self, Credentials, token_place};
use ithaca::store::outbox::{self, Fate, Message};
use ithaca::store::{Place as Database, sealed};
use ithaca::vault::{Key, Place, Vault};
use jiff::Timestamp;
use mentoring::organization::OrganizationId;
use sea_orm::ConnectionTrait as _;
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::{World, on_both};

on_both! {
    f39_a_stored_secret_that_is_none_hides_no_key_that_is_missing,
    f39_a_table_that_cannot_be_read_refuses_the_start_and_names_the_next_step,
    f39_the_address_in_a_message_is_sealed_anew_and_opened_by_the_new_key_alone,
}

const ADDRESS: &str = "http://127.0.0.1:8080/larkspur/password/canary";

fn vault(world: &World) -> (Key, Vault) {
    let key = Key::generate(&world.randomness);
    let vault = Vault::new(key.clone(), Vec::new(), world.randomness.clone());
    (key, vault)
}

async fn puts_a_token(world: &World, organization: OrganizationId, refresh_token: Vec<u8>) {
    let tx = world.store.begin(organization).await.unwrap();
    let tokens = Credentials {
        organization,
        tenant_id: Uuid::nil(),
        host_object_id: Uuid::nil(),
        refresh_token,
        access_token: None,
        version: 1,
        refreshed_at: tx.now,
        attempts: 0,
        challenge: None,
    };
    credentials::put(&tx, &tokens, Timestamp::MAX)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn f39_a_stored_secret_that_is_none_hides_no_key_that_is_missing(world: &World) {
    let (companies, (_, old)) = ([&world.larkspur, &world.quillfield], vault(world));
    let (_, new) = vault(world);
    for [good, wrong] in [[0, 1], [1, 0]] {
        let (good, wrong) = (companies[good].id, companies[wrong].id);
        let sealed = old.seal(token_place(good, "refresh_token"), b"token");
        puts_a_token(world, good, sealed).await;
        puts_a_token(world, wrong, b"never sealed".to_vec()).await;
        let keys = sealed::keys(&world.store).await.unwrap();
        let keys: Vec<&str> = keys.iter().map(|one| one.key.as_str()).collect();
        assert_eq!(keys, [old.current_key()]);
        let said = serve::refuse_without_keys(&world.place, &world.clock, &new).await;
        let said = said.unwrap_err().to_string();
        let named = format!("key {}, which is not here", old.current_key());
        assert!(said.contains(&named), "{said}");
        assert!(said.contains("`retired_key_files`"), "{said}");
        serve::refuse_without_keys(&world.place, &world.clock, &old)
            .await
            .unwrap();
    }
}

async fn f39_a_table_that_cannot_be_read_refuses_the_start_and_names_the_next_step(world: &World) {
    // Each row of it is an error.
    let unreadable = match world.place {
        Database::Postgres(_) => "decode(slug, 'hex')",
        _ => "json_extract(slug, '$')",
    };
    let on = world.store.read();
    for text in [
        "DROP TABLE notes".to_owned(),
        format!(
            "CREATE VIEW notes AS SELECT id AS organization_id, id, {unreadable} AS text FROM organizations"
        ),
    ] {
        on.execute_unprepared(&text).await.unwrap();
    }
    let (_, vault) = vault(world);
    let said = serve::refuse_without_keys(&world.place, &world.clock, &vault).await;
    let said = said.unwrap_err().to_string();
    assert!(said.contains("cannot be opened"), "{said}");
    let next = match world.place {
        Database::Postgres(_) => "Look whether the server of `database.url` runs",
        _ => "Restore it from a backup",
    };
    assert!(said.contains(next), "{said}");
    assert!(said.ends_with("Nothing was changed."), "{said}");
}

/// A message that welcomes Luis, with this in the place of the sealed address.
async fn welcomes(world: &World, id: Uuid, sealed_address: String) {
    let company = &world.larkspur;
    let tx = world.store.begin(company.id).await.unwrap();
    let content = Content::Welcome {
        organization: "Larkspur Health".to_owned(),
        invited_by: "Amara Okafor".to_owned(),
        sealed_address,
        expires_at: Timestamp::MAX,
    };
    let message = Message {
        id,
        organization: company.id,
        member: company.mentee.id,
        meeting: None,
        topic: format!("welcome-{id}"),
        content: serde_json::to_string(&content).unwrap(),
        fate: Fate::Waiting,
        attempts: 0,
        created_at: tx.now,
        reason: None,
    };
    outbox::put(&tx, &message, tx.now).await.unwrap();
    tx.commit().await.unwrap();
}

async fn f39_the_address_in_a_message_is_sealed_anew_and_opened_by_the_new_key_alone(
    world: &World,
) {
    let company = &world.larkspur;
    let (old_key, old) = vault(world);
    let (new_key, new) = vault(world);
    let (_, strangers) = vault(world);
    let place = |row| Place {
        table: "outbox",
        column: "content",
        organization: company.id.0,
        row,
    };
    let ids = [(); 3].map(|()| world.randomness.uuid_v7(world.clock.now()));
    let [ours, lost, nonsense] = ids;
    let seal =
        |vault: &Vault, id| BASE64_STANDARD.encode(vault.seal(place(id), ADDRESS.as_bytes()));
    welcomes(world, ours, seal(&old, ours)).await;
    welcomes(world, lost, seal(&strangers, lost)).await;
    welcomes(world, nonsense, "no base64".to_owned()).await;

    let both = Vault::new(new_key, vec![old_key], world.randomness.clone());
    let done = sealed::reseal(&world.store, &both).await.unwrap();
    assert_eq!(done.anew, 1);
    let [why] = &done.left[..] else {
        panic!("one cannot be opened: {:?}", done.left);
    };
    assert!(why.contains(strangers.current_key()), "{why}");
    let sight = company.sight_of(&world.store, &company.administrator).await;
    let sealed = async || {
        let on = world.store.read();
        let text = "SELECT content FROM outbox WHERE id = $1";
        let statement =
            sea_orm::Statement::from_sql_and_values(on.get_database_backend(), text, [ours.into()]);
        let row = on.query_one_raw(statement).await.unwrap().unwrap();
        let text: String = row.try_get("", "content").unwrap();
        let Content::Welcome {
            sealed_address,
            organization,
            ..
        } = serde_json::from_str(&text).unwrap()
        else {
            panic!("it says something else now: {text}");
        };
        assert_eq!(organization, "Larkspur Health");
        BASE64_STANDARD.decode(sealed_address).unwrap()
    };
    let opened = new.open_text(place(ours), &sealed().await).unwrap();
    assert_eq!(opened.expose_secret(), ADDRESS);
    assert!(old.open_text(place(ours), &sealed().await).is_err());
    let waiting = outbox::find_waiting(&world.store, &sight, company.mentee.id).await;
    assert!(waiting.unwrap().is_some(), "it is still to be sent");

    let before = sealed().await;
    let again = sealed::reseal(&world.store, &both).await.unwrap();
    assert_eq!(again.anew, 0);
    assert_eq!(sealed().await, before);
}
