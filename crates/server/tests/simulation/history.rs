//! One seeded history, from the first choice to the checker's word.

use ithaca::clock::Clock;
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;

use crate::checker;
use crate::choices::Choices;
use crate::stage::Stage;
use crate::template::Template;
use crate::weather::Weather;
use crate::world::{Options, World};

/// As much as the nodes' clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// How long after the last fault all is as it should be (N10), by whichever clock.
const CONVERGES_WITHIN: SignedDuration = SignedDuration::from_secs(60 + 5);

/// So often may something show that waits for an administrator.
const MOST_MENDS: usize = 4;

/// How a history ended.
pub struct Outcome {
    pub broken: Vec<String>,
    pub trace: Vec<String>,
    pub digest: u64,
    pub calls: usize,
}

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Event {
    SomebodyActs,
    SomebodyOffers,
    Turn,
    Work,
    TimeGoesOn,
    Overtake,
    Crash,
    Start,
    Weather,
    Tenant,
    Meddling,
    AnotherHost,
    Rest,
    ClockJumps,
    Day,
}

/// Runs the history of a seed.
pub async fn run(seed: u64, options: Options) -> Outcome {
    let template = Template::get().await;
    let mut choices = Choices::new(seed ^ 0x5EED);
    let weather = Weather::drawn(&mut choices);
    let stage = Stage::new(seed, weather, Clock::manual(template.start), options.prints);
    let mut world = World::set_up(template, stage, &options).await;
    world.is_furnished(&mut choices);
    let steps = choices.one(&[40, 80, 140]);
    for _ in 0..steps {
        world.something_happens().await;
    }
    world.stage.note("from here on nothing goes wrong");
    world.converges().await;
    checker::check(&world).await;
    let stage = world.stage.clone();
    let calls = world.microsoft.calls();
    world.ends().await;
    let broken = stage.lock().broken.clone();
    Outcome {
        broken,
        trace: stage.trace(),
        digest: stage.digest(),
        calls,
    }
}

impl World {
    /// How many nodes there are, and how their clocks and tenants are.
    fn is_furnished(&mut self, choices: &mut Choices) {
        let nodes = choices.weighed(&[(5, 1), (3, 2), (2, 3)]);
        for _ in 1..nodes {
            let skew = choices.one(&[0, 0, -2, 3]);
            self.adds_node(SignedDuration::from_secs(skew));
        }
        let weather = self.stage.lock().weather.clone();
        let counts_once = choices.happens(150);
        self.clocks_jump = choices.happens(150);
        self.microsoft.sandbox.change(|state| {
            for tenant in state.tenants.values_mut() {
                tenant.switches.one_use_refresh_tokens = counts_once;
            }
        });
        self.stage.note(&format!(
            "seed {}, {nodes} nodes, {weather:?}, refresh tokens count once: {counts_once}, clocks jump: {}",
            choices.seed(),
            self.clocks_jump
        ));
    }

    async fn something_happens(&mut self) {
        if self.running().next().is_none() && self.stage.happens(300) {
            return self.the_dead_start();
        }
        let day = usize::from(self.stage.below(6) == 0);
        let another_host = usize::from(self.stage.below(2) == 0);
        let event = self.stage.lock().choices.weighed(&[
            (18, Event::SomebodyActs),
            (3, Event::SomebodyOffers),
            (30, Event::Turn),
            (45, Event::Work),
            (14, Event::TimeGoesOn),
            (2, Event::Overtake),
            (2, Event::Crash),
            (3, Event::Start),
            (2, Event::Weather),
            (1, Event::Tenant),
            (4, Event::Meddling),
            (another_host, Event::AnotherHost),
            (1, Event::Rest),
            (usize::from(self.clocks_jump), Event::ClockJumps),
            (day, Event::Day),
        ]);
        match event {
            Event::SomebodyOffers => self.somebody_offers().await,
            Event::SomebodyActs => self.somebody_acts().await,
            Event::Turn => self.some_turn().await,
            Event::Work => {
                if self.workers.is_empty() {
                    self.some_turn().await;
                } else {
                    let which = self.stage.below(self.workers.len());
                    self.works_on(which).await;
                }
            }
            Event::TimeGoesOn => {
                let seconds = self.stage.lock().choices.weighed(&[
                    (6, 1),
                    (6, 6),
                    (5, 31),
                    (3, 70),
                    (3, 200),
                    (1, 660),
                    (1, 3_700),
                ]);
                self.time_goes_on(SignedDuration::from_secs(seconds)).await;
            }
            Event::Overtake => self.somebody_is_overtaken().await,
            Event::Crash => {
                let node = self.stage.below(self.nodes.len());
                if self.nodes[node].program.is_some() {
                    self.crashes(node).await;
                }
            }
            Event::Start => self.the_dead_start(),
            Event::Weather => self.weather_changes(),
            Event::Day => self.time_goes_on(SignedDuration::from_hours(25)).await,
            Event::Tenant => self.something_happens_at_microsoft(),
            Event::Meddling => self.somebody_meddles().await,
            Event::AnotherHost => self.another_host_signs_in().await,
            Event::ClockJumps => self.the_clock_jumps(),
            Event::Rest => self.comes_to_rest().await,
        }
    }

    fn the_dead_start(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].program.is_none() {
                self.starts(node);
            }
        }
    }

    async fn some_turn(&mut self) {
        let node = self.stage.below(self.nodes.len());
        let which = self.stage.below(self.kinds_of_work(node));
        if self.turns(node, which).await {
            let names: Vec<&str> = self
                .workers
                .iter()
                .map(|worker| worker.name.as_str())
                .collect();
            let text = format!("at work: {}", names.join(", "));
            self.stage.note(&text);
        }
    }

    /// Somebody stands still for longer than their lease, and another takes their rows (F05).
    async fn somebody_is_overtaken(&mut self) {
        if self.workers.is_empty() {
            return;
        }
        let sleeper = &self.workers[self.stage.below(self.workers.len())];
        let (number, Some(reconciler)) = (sleeper.number, sleeper.reconciler) else {
            return;
        };
        self.time_goes_on(SignedDuration::from_secs(181)).await;
        for node in 0..self.nodes.len() {
            if self.turns_as(node, reconciler).await {
                break;
            }
        }
        for _ in 0..=self.stage.below(4) {
            if !self.workers.is_empty() {
                self.works_on(self.workers.len() - 1).await;
            }
        }
        let sleeper = self
            .workers
            .iter()
            .position(|worker| worker.number == number);
        if let Some(sleeper) = sleeper {
            self.works_on(sleeper).await;
        }
    }

    /// The clock of the machine on which all nodes run is set to something else: nodes with one
    /// file have one machine.
    fn the_clock_jumps(&mut self) {
        let minutes = self
            .stage
            .lock()
            .choices
            .one(&[-90, -60, -1, 0, 0, 60, 1_500]);
        self.clock_is_wrong_by(SignedDuration::from_mins(minutes));
    }

    fn weather_changes(&mut self) {
        let mut inner = self.stage.lock();
        let what = inner.choices.below(2);
        let weather = &mut inner.weather;
        let text = if what == 0 {
            weather.microsoft_is_down = !weather.microsoft_is_down;
            format!("Microsoft is down: {}", weather.microsoft_is_down)
        } else {
            weather.mail_is_down = !weather.mail_is_down;
            format!("the mail server is down: {}", weather.mail_is_down)
        };
        drop(inner);
        self.stage.note(&text);
    }

    /// Faults are over, whoever can mend something mends it, and time goes on for as long as it
    /// may take until all is as it should be (N10).
    async fn converges(&mut self) {
        self.stage.lock().weather.clears();
        self.tenants_are_mended();
        self.clock_is_wrong_by(SignedDuration::ZERO);
        self.microsoft.let_go(true).await;
        self.the_dead_start();
        while !self.workers.is_empty() {
            self.works_on(0).await;
        }
        // What was put off until a time that a wrong clock showed is done then.
        self.goes_on_until(self.latest).await;
        self.goes_on_until(self.deadline().await).await;
        for _ in 0..MOST_MENDS {
            let mended = self.administrators_mend().await;
            // What somebody did behind Ithaca's back shows in the next comparison, and what it
            // looked at by a clock that is ahead it looks at again only after that.
            self.goes_on_for(SKEW).await;
            let compared = self.teams_is_compared().await;
            if compared {
                self.goes_on_for(CONVERGES_WITHIN).await;
            }
            if !mended && !compared {
                return;
            }
        }
    }

    /// What doesn't heal by itself waits for an administrator. Answers whether anything did.
    async fn administrators_mend(&mut self) -> bool {
        let mut mended = false;
        for place in 0..self.companies.len() {
            if let IntegrationState::NeedsAttention(cause) = self.integration(place).await.state
                && !cause.heals_by_itself()
            {
                self.stage.note(&format!(
                    "{} connects anew: {cause:?}",
                    self.companies[place].domain
                ));
                self.integrates(place, self.host_now(place).await);
                self.comes_to_rest().await;
                mended = true;
            }
        }
        if mended {
            self.comes_to_rest().await;
            self.goes_on_for(CONVERGES_WITHIN).await;
        }
        mended
    }

    async fn goes_on_for(&mut self, time: SignedDuration) {
        self.goes_on_until(self.stage.clock.now() + time).await;
    }

    /// By when all is as it should be.
    async fn deadline(&self) -> Timestamp {
        let mut from = self.stage.clock.now();
        if let Some(until) = self.stage.lock().weather.asked_to_wait_until {
            from = from.max(until);
        }
        // What a dead node held is taken from it when its lease ends.
        if let Some(until) = checker::last_lease(self).await {
            from = from.max(until);
        }
        // Nobody knows before what a call has made that arrives late (F04).
        if let Some(until) = checker::last_late_call(self).await {
            from = from.max(until);
        }
        from + CONVERGES_WITHIN
    }

    pub async fn goes_on_until(&mut self, until: Timestamp) {
        loop {
            self.comes_to_rest().await;
            let now = self.stage.clock.now();
            let step = match self.next_due().await {
                Some(due) if due < until => due.duration_since(now),
                _ => until.duration_since(now),
            };
            let step = step.max(SignedDuration::from_secs(1));
            if now + step > until {
                return;
            }
            self.time_goes_on(step).await;
        }
    }
}
