//! Several nodes of one instance: one PostgreSQL, one key, one configuration, and nothing
//! else in common. Microsoft is a sandbox apart, so that its truth outlives them all.

mod balancer;
mod faults;
mod logs;
mod meter;
mod pauses;
mod rolling;
mod sharing;
mod wire;

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use sea_orm::{ConnectOptions, ConnectionTrait as _, Database, DatabaseConnection};
use serde_json::{Value, json};

use crate::api::Program;
use crate::child::Child;
use crate::pages::House;
use crate::postgres::Template;
use crate::reader::{CLIENT, Reader};
use crate::runtime::{GLANCE, PATIENCE, wait_for};
use crate::standalone::Standalone;
use crate::store::World;
use crate::stories::folder::Folder;
use crate::stories::{goes_to_the_integration, integrates_as};
use crate::visitor::Visitor as _;
use balancer::Balancer;
use meter::Meter;
use wire::Wire;

const PASSWORD: &str = "sails of black and white";
const ITHACA: &str = env!("CARGO_BIN_EXE_ithaca");

/// A database with two organizations, whose people have passwords and whose mentor has a
/// token for programs.
static FOUNDED: Template = Template::new();
static TOKEN: std::sync::OnceLock<String> = std::sync::OnceLock::new();

async fn found(url: String) {
    let house = House::opens_in(World::founded_in(url).await);
    let store = &house.world.store;
    let larkspur = &house.world.larkspur;
    let password = secrecy::SecretString::from(PASSWORD.to_owned());
    let hash = house.app.passwords.hash(&password).await.unwrap();
    let tx = store.begin(larkspur.id).await.unwrap();
    for member in [&larkspur.administrator, &larkspur.mentor, &larkspur.mentee] {
        ithaca::store::members::set_password_hash(&tx, larkspur.id, member.id, &hash)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
    let token = Program::of(&house, &larkspur.mentor)
        .await
        .token()
        .to_owned();
    let _ = TOKEN.set(token);
    store.clone().close().await;
}

/// A node: one `ithaca serve`.
#[derive(Debug)]
pub struct Node {
    pub program: Child,
    /// Where it answers itself, past the balancer.
    pub url: String,
    /// Where its operator looks.
    pub operator: String,
    config: String,
}

/// An instance of several nodes.
#[derive(Debug)]
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub balancer: Balancer,
    pub sandbox: Standalone,
    /// The database's address.
    pub database: String,
    /// A connection of the test's own.
    on: tokio::sync::OnceCell<DatabaseConnection>,
    folder: Folder,
}

fn free_port() -> u16 {
    // Nothing else takes the port in the moment between.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr());
    free.expect("loopback has a free port").port()
}

impl Cluster {
    /// Starts so many nodes.
    pub fn starts(name: &str, nodes: usize) -> Self {
        Self::starts_with(name, nodes, "")
    }

    /// The same with more in the configuration, such as `[log]`.
    pub fn starts_with(name: &str, nodes: usize, more: &str) -> Self {
        Self::starts_over(name, nodes, more, None, Standalone::starts(name), None).0
    }

    /// The same with a wire of the test's own between the nodes and their database.
    pub fn starts_on_a_wire(name: &str, nodes: usize) -> (Self, Wire) {
        let server = std::env::var("ITHACA_TEST_POSTGRES").expect("bin/test starts one");
        let server = url::Url::parse(&server).unwrap();
        let (host, port) = (server.host_str().unwrap(), server.port().unwrap_or(5432));
        let wire = Wire::leads_to(&format!("{host}:{port}"));
        let sandbox = Standalone::starts(name);
        let (cluster, wire) = Self::starts_over(name, nodes, "", Some(wire), sandbox, None);
        (cluster, wire.expect("it was given"))
    }

    /// The same with somebody between the nodes and Graph who counts their calls.
    pub fn starts_metered(name: &str, nodes: usize) -> (Self, Meter) {
        let sandbox = Standalone::starts(name);
        let meter = Meter::leads_to(&sandbox.first_line.url);
        let graph = Some(meter.url.as_str());
        let (cluster, _) = Self::starts_over(name, nodes, "", None, sandbox, graph);
        (cluster, meter)
    }

    fn starts_over(
        name: &str,
        nodes: usize,
        more: &str,
        wire: Option<Wire>,
        sandbox: Standalone,
        graph: Option<&str>,
    ) -> (Self, Option<Wire>) {
        let database = wait_for(FOUNDED.copy(found));
        let mut through = url::Url::parse(&database).unwrap();
        if let Some(wire) = &wire {
            through.set_host(Some("127.0.0.1")).unwrap();
            through.set_port(Some(wire.port)).unwrap();
        }
        let graph = graph.unwrap_or(&sandbox.first_line.url).to_owned();
        let mut cluster = Self {
            nodes: Vec::new(),
            balancer: Balancer::listens(),
            sandbox,
            database,
            on: tokio::sync::OnceCell::new(),
            folder: Folder::new(name),
        };
        cluster.prepares();
        for _ in 0..nodes {
            let (port, operator) = (free_port(), free_port());
            let config = cluster.configures(through.as_str(), &graph, [port, operator], more);
            let node = Node {
                program: Child::starts(ITHACA, &["serve", "--config", &config], &[]),
                url: format!("http://127.0.0.1:{port}"),
                operator: format!("http://127.0.0.1:{operator}"),
                config,
            };
            let health = format!("{}/health/ready", node.operator);
            cluster.balancer.adds(&format!("127.0.0.1:{port}"), &health);
            cluster.nodes.push(node);
        }
        comes("all nodes to be ready", || cluster.balancer.all_are_ready());
        (cluster, wire)
    }

    /// The key that all nodes share, and the app registration.
    fn prepares(&self) {
        let key = self.folder.file("key");
        let made = Child::starts(ITHACA, &["key", "create", key.to_str().unwrap()], &[]).ended();
        assert!(made.success());
        let wanted = json!({
            "name": "Ithaca",
            "publisher": "Ithaca (self-hosted)",
            "redirects": [{
                "type": "web",
                "uri": format!("{}/integrations/microsoft/callback", self.balancer.url),
            }],
            "delegated": microsoft::SCOPES,
        });
        let app = self.tells_the_sandbox(Method::POST, "applications", &wanted);
        let file = self.folder.file("client-secret");
        std::fs::write(&file, app["client_secret"].as_str().unwrap()).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(
            self.folder.file("client-id"),
            app["client_id"].as_str().unwrap(),
        )
        .unwrap();
    }

    fn configures(
        &self,
        database: &str,
        graph: &str,
        [port, operator]: [u16; 2],
        more: &str,
    ) -> String {
        let line = &self.sandbox.first_line;
        let (mail_host, mail_port) = line.smtp.rsplit_once(':').unwrap();
        let text = format!(
            "public_url = \"{url}\"\nlisten = \"127.0.0.1:{port}\"\nkey_file = \"key\"\n{more}\n\
             [database]\nurl = \"{database}\"\n\
             [operator]\nlisten = \"127.0.0.1:{operator}\"\n\
             [smtp]\nhost = \"{mail_host}\"\nport = {mail_port}\ntls = \"none\"\n\
             from = \"ithaca@ithaca.example\"\n\
             [microsoft]\nlogin = \"{microsoft}\"\ngraph = \"{graph}\"\n\
             join_hosts = [\"{join_host}\"]\nclient_id = \"{client_id}\"\n\
             client_secret_files = [\"client-secret\"]\n",
            url = self.balancer.url,
            microsoft = line.url,
            join_host = line.url.trim_start_matches("http://"),
            client_id = std::fs::read_to_string(self.folder.file("client-id")).unwrap(),
        );
        let config = self.folder.file(&format!("node-{port}.toml"));
        std::fs::write(&config, text).unwrap();
        config.to_str().unwrap().to_owned()
    }

    /// Starts a node anew that has ended.
    pub fn starts_again(&mut self, node: usize) {
        let config = self.nodes[node].config.clone();
        self.nodes[node].program = Child::starts(ITHACA, &["serve", "--config", &config], &[]);
        comes("the node to be ready again", || {
            self.balancer.all_are_ready()
        });
    }

    /// What `ithaca status` says, with its exit code.
    pub fn status(&self) -> (Option<i32>, Value) {
        let words = ["status", "--json", "--config", &self.nodes[0].config];
        let (status, said) = Child::starts(ITHACA, &words, &[]).says_at_the_end();
        (
            status.code(),
            serde_json::from_str(&said).unwrap_or(Value::String(said)),
        )
    }

    /// Signs a person in, by whichever node.
    pub fn signs_in(&self, name: &str) -> Reader {
        let (first_name, _) = name.split_once(' ').unwrap();
        let mut reader = Reader::new();
        reader.opens(&format!("{}/larkspur/sign-in", self.balancer.url));
        reader.fills(
            "E-mail",
            &format!("{}@larkspur.example", first_name.to_lowercase()),
        );
        reader.fills("Password", PASSWORD);
        reader.clicks("Sign in");
        reader.sees(&format!("Hello, {first_name}"));
        reader
    }

    /// Larkspur integrates Teams.
    pub fn gets_teams(&self) {
        let mut amara = self.signs_in("Amara Okafor");
        goes_to_the_integration(&mut amara);
        integrates_as(&mut amara, "scheduler@larkspur.example");
        let mut mei = self.signs_in("Mei Tanaka");
        mei.clicks("New Managers");
        mei.clicks("New meeting");
        mei.comes_to_see("Teams video call");
    }

    /// Asks for a meeting of Mei with Luis, and answers it once its link is there.
    pub fn makes(&self, title: &str) -> Value {
        let (path, body) = self.meeting(title, "teams");
        let wait = [("prefer", "wait=20")];
        let (status, meeting) = self.asks(Method::POST, &path, Some(&body), &wait).unwrap();
        assert_eq!(status, StatusCode::CREATED, "{meeting}");
        assert_eq!(meeting["link"]["state"], "ready", "{meeting}");
        meeting
    }

    /// What a program of Mei's gets for this request, by whichever node.
    pub fn asks(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        self.program().asks(method, path, body, headers)
    }

    /// A program of Mei's.
    pub fn program(&self) -> MeisProgram {
        MeisProgram {
            api: format!("{}/api/v1", self.balancer.url),
        }
    }

    /// What a meeting of Mei with Luis is asked for by.
    pub fn meeting(&self, title: &str, mode: &str) -> (String, Value) {
        let (_, tracks) = self.asks(Method::GET, "/tracks", None, &[]).unwrap();
        let track = tracks["items"][0]["id"].as_str().unwrap();
        let start = wait_for(self.database_now()) + jiff::SignedDuration::from_hours(48);
        let body = json!({
            "title": title,
            "agenda": "",
            "attendees": ["luis@larkspur.example"],
            "local_start": start.strftime("%Y-%m-%dT%H:%M").to_string(),
            "time_zone": "UTC",
            "duration_minutes": 30,
            "mode": mode,
            "location": "",
            "repetition": null,
        });
        (format!("/tracks/{track}/meetings"), body)
    }

    async fn database_now(&self) -> jiff::Timestamp {
        let on = self.connection().await;
        ithaca::store::sql::clock(on).await.unwrap().unwrap()
    }

    async fn connection(&self) -> &DatabaseConnection {
        let opens = async || {
            let mut options = ConnectOptions::new(&self.database);
            options.max_connections(1).sqlx_logging(false);
            Database::connect(options).await.unwrap()
        };
        self.on.get_or_init(opens).await
    }

    /// Tells the database's server something, from another database of it.
    pub fn tells_postgres(&self, sentences: &[&str]) {
        let (server, _) = self.database.rsplit_once('/').unwrap();
        wait_for(async {
            let mut options = ConnectOptions::new(format!("{server}/postgres"));
            options.max_connections(1).sqlx_logging(false);
            let on = Database::connect(options).await.unwrap();
            for sentence in sentences {
                on.execute_unprepared(sentence).await.unwrap();
            }
            on.close().await.unwrap();
        });
    }

    /// Does something to the database behind everybody's back.
    pub fn does_to_the_database(&self, sql: &str) {
        wait_for(async {
            let on = self.connection().await;
            on.execute_unprepared(sql).await.unwrap();
        });
    }

    /// The one number that a question to the database answers with.
    pub fn counts(&self, sql: &str) -> i64 {
        wait_for(async {
            let on = self.connection().await;
            let text = sea_orm::Statement::from_string(on.get_database_backend(), sql);
            let row = on.query_one_raw(text).await.unwrap().unwrap();
            row.try_get_by_index(0).unwrap()
        })
    }

    fn sandbox_address(&self, what: &str) -> String {
        let admin = self.sandbox.first_line.admin_url.trim_end_matches('/');
        format!("{admin}/_sandbox/{what}")
    }

    pub fn tells_the_sandbox(&self, method: Method, what: &str, body: &Value) -> Value {
        let url = self.sandbox_address(what);
        let answer = wait_for(async {
            CLIENT
                .request(method, &url)
                .header("content-type", "application/json")
                .body(body.to_string())
                .send()
                .await?
                .error_for_status()?
                .text()
                .await
        });
        let text = answer.unwrap_or_else(|error| panic!("{url}: {error}"));
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub fn asks_the_sandbox(&self, what: &str) -> Value {
        self.tells_the_sandbox(Method::GET, what, &Value::Null)
    }

    /// The subjects of the live Teams meetings, in order.
    pub fn teams_meetings(&self) -> Vec<String> {
        let truth = self.asks_the_sandbox("truth");
        let meetings = truth["meetings"].as_array().unwrap();
        let mut subjects: Vec<String> = meetings
            .iter()
            .filter(|one| one["deleted"] == false)
            .map(|one| one["subject"].as_str().unwrap_or_default().to_owned())
            .collect();
        subjects.sort();
        subjects
    }

    /// The subjects of the messages that came to somebody, oldest first.
    pub fn letters(&self, to: &str) -> Vec<String> {
        let mail = self.asks_the_sandbox("mail");
        let all = mail.as_array().expect("a list of messages").iter();
        let theirs = all.filter(|message| {
            let to_whom = message["to"].as_array().into_iter().flatten();
            to_whom.into_iter().any(|one| one == to)
        });
        theirs
            .map(|message| {
                let raw = message["raw"].as_str().unwrap_or_default();
                let read = mail_parser::MessageParser::new().parse(raw.as_bytes());
                read.and_then(|letter| letter.subject().map(str::to_owned))
                    .unwrap_or_default()
            })
            .collect()
    }
}

/// A program with Mei's token, which asks whichever node answers.
#[derive(Clone, Debug)]
pub struct MeisProgram {
    api: String,
}

impl MeisProgram {
    pub fn asks(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&str, &str)],
    ) -> Result<(StatusCode, Value), reqwest::Error> {
        let token = TOKEN.get().expect("the database was founded");
        let mut request = CLIENT
            .request(method, format!("{}{path}", self.api))
            .bearer_auth(token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        wait_for(async {
            let answer = request.send().await?;
            let status = answer.status();
            let text = answer.text().await?;
            Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
        })
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for node in &self.nodes {
            // One that was stopped can't hear that it should end.
            node.program.is_sent_quietly("CONT");
        }
        for node in &mut self.nodes {
            node.program.stops();
        }
    }
}

impl Node {
    /// Waits until it says that it is ready.
    pub fn is_ready(&self) {
        let ready = || self.readiness() == (200, "ready\n".to_owned());
        comes(&format!("{} to be ready", self.url), ready);
    }

    /// What it says when asked whether it is ready; 0 where it doesn't answer.
    pub fn readiness(&self) -> (u16, String) {
        let url = format!("{}/health/ready", self.operator);
        let answer = wait_for(async {
            let answer = CLIENT.get(url).send().await?;
            Ok::<_, reqwest::Error>((answer.status().as_u16(), answer.text().await?))
        });
        answer.unwrap_or_default()
    }
}

/// Waits until it is so.
pub fn comes(what: &str, is_so: impl Fn() -> bool) {
    comes_within(PATIENCE, what, is_so);
}

/// The same for what takes longer.
pub fn comes_within(patience: Duration, what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + patience;
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(GLANCE);
    }
}
