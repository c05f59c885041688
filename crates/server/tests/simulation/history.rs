//! One seeded history, from the first choice to the checker's word.

use ithaca::clock::Clock;
use ithaca::store::integrations;
use jiff::{SignedDuration, Timestamp};
use mentoring::integration::IntegrationState;

use crate::checker;
use crate::choices::Choices;
use crate::stage::Stage;
use crate::template::Template;
use crate::weather::Weather;
use crate::world::{Options, World};

/// How long after the last fault all is as it should be (N10), and as much as the nodes' clocks
/// may differ.
const CONVERGES_WITHIN: SignedDuration = SignedDuration::from_secs(60 + 5);

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
    Turn,
    Work,
    TimeGoesOn,
    Overtake,
    Crash,
    Start,
    Weather,
    Tenant,
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
        self.stage.note(&format!(
            "seed {}, {nodes} nodes, {weather:?}",
            choices.seed()
        ));
    }

    async fn something_happens(&mut self) {
        if self.running().next().is_none() && self.stage.happens(300) {
            return self.the_dead_start();
        }
        let day = usize::from(self.stage.below(6) == 0);
        let event = self.stage.lock().choices.weighed(&[
            (18, Event::SomebodyActs),
            (30, Event::Turn),
            (45, Event::Work),
            (14, Event::TimeGoesOn),
            (2, Event::Overtake),
            (2, Event::Crash),
            (3, Event::Start),
            (2, Event::Weather),
            (1, Event::Tenant),
            (day, Event::Day),
        ]);
        match event {
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
        self.microsoft.let_go(true).await;
        self.the_dead_start();
        while !self.workers.is_empty() {
            self.works_on(0).await;
        }
        self.goes_on_until(self.deadline().await).await;
        // What doesn't heal by itself waits for an administrator.
        let mut mended = false;
        for place in 0..self.companies.len() {
            let integration = integrations::find_for_work(&self.store, self.companies[place].id)
                .await
                .expect("integrations can be read");
            if let IntegrationState::NeedsAttention(cause) = integration.state
                && !cause.heals_by_itself()
            {
                self.stage.note(&format!(
                    "{} connects anew: {cause:?}",
                    self.companies[place].domain
                ));
                self.integrates(place);
                self.comes_to_rest().await;
                mended = true;
            }
        }
        if mended {
            self.comes_to_rest().await;
            let until = self.stage.clock.now() + CONVERGES_WITHIN;
            self.goes_on_until(until).await;
        }
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

    async fn goes_on_until(&mut self, until: Timestamp) {
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
