//! One history: nodes that work on one database, and what happens to them.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;

use futures::FutureExt as _;
use ithaca::app::App;
use ithaca::clock::{Clock, Randomness};
use ithaca::config::Limits;
use ithaca::instance::Instance;
use ithaca::mail::Sender;
use ithaca::program::{Parts, Program, microsoft_client};
use ithaca::reconcile::{self, Turn};
use ithaca::store::lease::{self, Claim, Rota, Share};
use ithaca::store::{Store, integrations};
use ithaca::vault::Vault;
use ithaca::wake::Reconciler;
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;
use mentoring::organization::OrganizationId;
use microsoft::{Application, Cloud};
use uuid::Uuid;

use crate::checker;
use crate::companies::{self, Company};
use crate::mail::Mail;
use crate::meddling::Meddled;
use crate::microsoft::Microsoft;
use crate::mutants::Mutant;
use crate::promises::{Newness, Promises};
use crate::stage::{Acting, Stage, Stop};
use crate::template::{File, Template};

/// Whoever works at once on one node; Ithaca itself makes no more than four calls at once for
/// one host, and a fifth would wait for one that may stand at a boundary for ever.
const AT_ONCE: usize = 4;

/// More rounds than any history needs to come to rest.
const MOST_ROUNDS: usize = 300;

/// How a history is to be run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    pub mutant: Option<Mutant>,
    /// Whether every line is printed as it happens.
    pub prints: bool,
}

pub struct World {
    pub stage: Stage,
    pub microsoft: Microsoft,
    pub mail: Mail,
    /// The database by the machine's clock.
    pub store: Store,
    pub companies: [Company; 2],
    pub promises: Promises,
    pub meddled: Meddled,
    pub nodes: Vec<Node>,
    pub workers: Vec<Worker>,
    pub mutant: Option<Mutant>,
    /// Whether the machine's clock is set wrong now and then.
    pub clocks_jump: bool,
    /// What that clock shows: leases are taken by it, as it is one machine that has the file.
    machine: Clock,
    /// By how much it is wrong.
    wrong_by: SignedDuration,
    /// The latest time that any node ever saw.
    pub latest: Timestamp,
    vault_key: ithaca::vault::Key,
    file: File,
    started: u64,
    count: u64,
    /// The sealed refresh tokens that were seen last, with how new they are.
    kept: BTreeMap<OrganizationId, (Vec<u8>, Option<Newness>)>,
    /// Who claimed a row last, by its table and id.
    claimed: BTreeMap<(&'static str, Uuid), u64>,
}

/// One process.
pub struct Node {
    pub clock: Clock,
    pub program: Option<Program>,
    turns: Vec<Turn>,
    rota: Rota,
}

/// Somebody who works: a reconciler on claimed rows, or an administrator at Microsoft.
pub struct Worker {
    pub node: usize,
    pub name: String,
    acting: Acting,
    pub reconciler: Option<Reconciler>,
    claims: Vec<Claim>,
    pub number: u64,
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
}

impl Worker {
    /// Whether it is somebody who connects Teams.
    pub fn is_administrator(&self) -> bool {
        self.reconciler.is_none()
    }
}

/// How work ended.
type Ended = Result<Result<(), String>, Box<dyn Any + Send>>;

impl World {
    pub async fn set_up(template: &Template, stage: Stage, options: &Options) -> Self {
        let seed = stage.lock().choices.seed();
        let machine = Clock::manual(stage.clock.now());
        let (store, file) = template.database(&machine).await;
        let sandbox = template.sandbox(&stage.clock, seed);
        let microsoft = Microsoft::new(sandbox, stage.clone(), options.mutant);
        for company in &template.companies {
            microsoft.belongs(company.id, company.domain);
        }
        if let Some(mutant) = options.mutant {
            mutant.settles_in(&store).await;
        }
        let mut world = Self {
            mail: Mail::new(stage.clone()),
            microsoft,
            store,
            companies: template.companies.clone(),
            promises: Promises::default(),
            meddled: Meddled::default(),
            kept: BTreeMap::new(),
            nodes: Vec::new(),
            workers: Vec::new(),
            mutant: options.mutant,
            clocks_jump: false,
            machine,
            wrong_by: SignedDuration::ZERO,
            latest: template.start,
            vault_key: template.key.clone(),
            file,
            started: 0,
            count: 0,
            claimed: BTreeMap::new(),
            stage,
        };
        world.adds_node(SignedDuration::ZERO);
        world
    }

    /// Another node, whose clock is ahead by `skew`.
    pub fn adds_node(&mut self, skew: SignedDuration) {
        let clock = Clock::manual(self.stage.clock.now() + skew);
        self.nodes.push(Node {
            clock,
            program: None,
            turns: Vec::new(),
            rota: Rota::default(),
        });
        self.starts(self.nodes.len() - 1);
    }

    /// Starts a node that is not running.
    pub fn starts(&mut self, node: usize) {
        self.started += 1;
        let seed = self.stage.lock().choices.seed();
        let randomness = Randomness::seeded(seed ^ (self.started << 48));
        let clock = self.nodes[node].clock.clone();
        let instance = Instance {
            public_url: companies::ITHACA.parse().expect("it is a URL"),
            mail_from: "ithaca@localhost".to_owned(),
            offers_people: true,
            demo: None,
            trusted_proxies: Vec::new(),
            sends_mail: true,
            integrates_teams: true,
        };
        let place = "http://localhost:8443"
            .parse::<url::Url>()
            .expect("it is a URL");
        let cloud = Cloud::at(place.clone(), place, vec!["localhost:8443".to_owned()])
            .expect("they are bare addresses");
        let application = Application {
            client_id: companies::CLIENT_ID.parse().expect("it is a UUID"),
            client_secrets: vec![companies::CLIENT_SECRET.to_owned().into()],
            redirect_uri: instance.redirect_uri().parse().expect("it is a URL"),
        };
        let program = Program::new(Parts {
            store: self.store.seen_by(clock.clone()),
            vault: Vault::new(self.vault_key.clone(), Vec::new(), randomness.clone()),
            microsoft: microsoft_client(
                cloud,
                application,
                self.microsoft.transport(),
                &clock,
                &randomness,
            )
            .without_patience(),
            clock,
            randomness,
            instance,
            smtp: Some(self.mail.smtp()),
            sender: Sender::new("ithaca@localhost").expect("it is an address"),
            limits: Limits::default(),
            port: 0,
            alone: None,
        });
        self.nodes[node].turns = reconcile::turns(&program.tools);
        self.nodes[node].program = Some(program);
        self.stage.note(&format!("node {node} starts"));
    }

    /// A node is gone from one moment to the next, with all that it did not commit.
    pub async fn crashes(&mut self, node: usize) {
        self.stage.note(&format!("node {node} crashes"));
        self.nodes[node].program = None;
        self.workers.retain(|worker| worker.node != node);
        self.microsoft.forget_refreshes();
        if let Some(mutant) = self.mutant {
            mutant.catches_up(&self.store, true).await;
        }
    }

    /// The program of some node that runs.
    pub fn app(&self) -> Option<App> {
        let running: Vec<&Program> = self.running().map(|(_, program)| program).collect();
        if running.is_empty() {
            return None;
        }
        Some(running[self.stage.below(running.len())].app.clone())
    }

    pub fn running(&self) -> impl Iterator<Item = (usize, &Program)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter_map(|(place, node)| Some((place, node.program.as_ref()?)))
    }

    /// Time goes on for everyone.
    pub async fn time_goes_on(&mut self, by: SignedDuration) {
        self.stage.clock.advance(by);
        self.machine.advance(by);
        for node in &self.nodes {
            node.clock.advance(by);
        }
        self.stage.note(&format!("time goes on by {by:#}"));
        self.clocks_are_read();
        let now = self.stage.clock.now();
        if self
            .workers
            .iter()
            .any(|worker| worker.acting.holds_until < now)
        {
            self.stage.lock().weather.overtook = true;
        }
        self.microsoft.let_go(false).await;
    }

    /// The machine's clock is set, to what it should show and so much more.
    pub fn clock_is_wrong_by(&mut self, wrong_by: SignedDuration) {
        if wrong_by == self.wrong_by {
            return;
        }
        self.machine.advance(wrong_by - self.wrong_by);
        for node in &self.nodes {
            node.clock.advance(wrong_by - self.wrong_by);
        }
        self.wrong_by = wrong_by;
        self.stage
            .note(&format!("the clock is wrong by {wrong_by:#}"));
        self.clocks_are_read();
        // By the new time, leases may be over that nobody slept through.
        for worker in &mut self.workers {
            worker.acting.holds_until = Timestamp::MIN;
        }
        self.stage.lock().weather.overtook = true;
    }

    fn clocks_are_read(&mut self) {
        let all = self.nodes.iter().map(|node| node.clock.now());
        self.latest = all.fold(self.latest, Timestamp::max);
    }

    /// A reconciler of a node looks for rows that are due. Answers whether it found any.
    pub async fn turns(&mut self, node: usize, which: usize) -> bool {
        let at_work = self
            .workers
            .iter()
            .filter(|worker| worker.node == node)
            .count();
        let Some(program) = &self.nodes[node].program else {
            return false;
        };
        let tools = program.tools.clone();
        let turn = self.nodes[node].turns[which];
        let rhythm = turn.rhythm;
        let room = AT_ONCE.saturating_sub(at_work).min(rhythm.at_once);
        if room == 0 {
            return false;
        }
        let due = lease::next_due(&tools.store, rhythm.work)
            .await
            .expect("rows can be read");
        if due.is_none_or(|due| due > self.nodes[node].clock.now()) {
            return false;
        }
        let share = Share {
            batches: u32::try_from(room).expect("a small number"),
            rows: u32::try_from(rhythm.batch).expect("a small number"),
            of_one: rhythm.of_one,
        };
        let rota = &mut self.nodes[node].rota;
        let (store, work, lease) = (&tools.store, rhythm.work, rhythm.lease);
        let mut claims = lease::claim_in_turn(store, work, &tools.node, share, lease, rota)
            .await
            .expect("rows can be claimed");
        if let Some(mutant) = self.mutant {
            mutant.hands_out(&self.store, &mut claims).await;
        }
        claims.sort_by_key(|claim| (claim.organization.0, claim.id));
        let holds_until = self.stage.clock.now() + lease;
        let batches: Vec<Vec<Claim>> = claims
            .chunk_by(|one, other| one.organization == other.organization)
            .flat_map(|claims| claims.chunks(rhythm.batch))
            .map(<[Claim]>::to_vec)
            .collect();
        let found = !batches.is_empty();
        for batch in batches {
            let acting = Acting {
                node,
                organization: batch[0].organization,
                holds_until,
            };
            let work = (turn.work)(tools.clone(), batch.clone());
            let future = async move { work.await.map_err(|trouble| trouble.to_string()) };
            let reconciler = Some(rhythm.reconciler);
            self.begins(rhythm.reconciler.name(), acting, reconciler, future);
            for claim in &batch {
                self.claimed
                    .insert((claim.work.table(), claim.id), self.count);
            }
            if let Some(worker) = self.workers.last_mut() {
                worker.claims = batch;
            }
        }
        found
    }

    /// The same, by its name.
    pub async fn turns_as(&mut self, node: usize, reconciler: Reconciler) -> bool {
        let turns = &self.nodes[node].turns;
        let which = turns
            .iter()
            .position(|turn| turn.rhythm.reconciler == reconciler);
        match which {
            Some(which) => self.turns(node, which).await,
            None => false,
        }
    }

    /// Somebody begins to work.
    pub fn begins(
        &mut self,
        name: &str,
        acting: Acting,
        reconciler: Option<Reconciler>,
        future: impl Future<Output = Result<(), String>> + Send + 'static,
    ) {
        self.count += 1;
        let name = format!("{name}#{} on node {}", self.count, acting.node);
        self.workers.push(Worker {
            node: acting.node,
            name,
            acting,
            reconciler,
            claims: Vec::new(),
            number: self.count,
            future: Box::pin(AssertUnwindSafe(future).catch_unwind()),
        });
    }

    /// Somebody works on to the next boundary.
    pub async fn works_on(&mut self, which: usize) {
        let mut worker = self.workers.swap_remove(which);
        let before = self.overtaken_rows(&worker).await;
        let stop = self
            .stage
            .advance(worker.acting, worker.future.as_mut())
            .await;
        if before != self.overtaken_rows(&worker).await {
            self.stage.broken(format!(
                "F05: {} wrote a result though others took its row",
                worker.name
            ));
        }
        if let Some(mutant) = self.mutant {
            mutant.catches_up(&self.store, false).await;
        }
        match stop {
            Stop::At(name) => {
                self.stage.note(&format!("{}: {name}", worker.name));
                self.workers.push(worker);
            }
            Stop::Ended(ended) => {
                match ended {
                    Ok(Ok(())) => self.stage.note(&format!("{}: ends", worker.name)),
                    Ok(Err(trouble)) => {
                        self.stage.broken(format!("{}: {trouble}", worker.name));
                    }
                    Err(_) => self.stage.broken(format!("{}: panicked", worker.name)),
                }
                if worker.reconciler != Some(Reconciler::Outbox) {
                    self.looks_at(worker.acting.organization).await;
                }
            }
        }
    }

    /// The rows of this worker that somebody else has claimed since.
    async fn overtaken_rows(&self, worker: &Worker) -> Vec<String> {
        let mut rows = Vec::new();
        for claim in &worker.claims {
            let row = (claim.work.table(), claim.id);
            if self.claimed.get(&row) == Some(&worker.number) {
                continue;
            }
            rows.extend(checker::row(self, claim.work.table(), claim.id).await);
        }
        rows
    }

    /// What only shows from one commit to the next: whether an integration is down (N8), and
    /// whether a token ever made way for an older one (N6).
    pub async fn looks_at(&mut self, organization: OrganizationId) {
        let integration = integrations::find_for_work(&self.store, organization)
            .await
            .expect("integrations can be read");
        let is_down = matches!(
            integration.state,
            IntegrationState::Removed | IntegrationState::NotIntegrated
        );
        self.microsoft.is_removed(organization, is_down);
        self.microsoft.is_hosted(&integration);
        if let Some(place) = self.refresh_token_kept(organization).await
            && self.microsoft.keeps(organization, place)
            && let Some(before) = self.promises.keeps_token(organization, place)
        {
            let text = format!("N6: refresh token {place:?} took the place of {before:?}");
            self.stage.broken(text);
        }
    }

    /// How new the refresh token is that is kept.
    async fn refresh_token_kept(&mut self, organization: OrganizationId) -> Option<Newness> {
        use ithaca::store::credentials;
        use secrecy::ExposeSecret as _;
        let kept = credentials::find(&self.store, organization)
            .await
            .expect("credentials can be read")?;
        if let Some((sealed, place)) = self.kept.get(&organization)
            && *sealed == kept.refresh_token
        {
            return *place;
        }
        let vault = Vault::new(self.vault_key.clone(), Vec::new(), Randomness::seeded(0));
        let place = credentials::token_place(organization, "refresh_token");
        let token = vault
            .open_text(place, &kept.refresh_token)
            .expect("the key is ours");
        let place = self.microsoft.place_of(token.expose_secret());
        self.kept.insert(organization, (kept.refresh_token, place));
        place
    }

    /// Everyone works until nothing is due any more.
    pub async fn comes_to_rest(&mut self) {
        for _ in 0..MOST_ROUNDS {
            while !self.workers.is_empty() {
                self.works_on(0).await;
            }
            let mut found = false;
            for node in 0..self.nodes.len() {
                for which in 0..self.nodes[node].turns.len() {
                    found |= self.turns(node, which).await;
                }
            }
            if !found {
                return;
            }
        }
        self.stage.broken("N9: work that never ends".to_owned());
    }

    /// When something is due next, by the true time.
    pub async fn next_due(&self) -> Option<Timestamp> {
        let mut next: Option<Timestamp> = None;
        let node = self.nodes.first()?;
        for turn in &node.turns {
            let due = lease::next_due(&self.store, turn.rhythm.work)
                .await
                .expect("rows can be read");
            next = match (next, due) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        next
    }

    /// The tables that hold work.
    pub fn tables(&self) -> Vec<&'static str> {
        let node = self.nodes.first();
        let turns = node.map_or(&[][..], |node| &node.turns);
        turns.iter().map(|turn| turn.rhythm.work.table()).collect()
    }

    pub fn kinds_of_work(&self, node: usize) -> usize {
        self.nodes[node].turns.len()
    }

    /// Closes everything; what is left is the database.
    pub async fn ends(mut self) -> File {
        self.workers.clear();
        self.nodes.clear();
        self.store.close().await;
        self.file
    }
}
