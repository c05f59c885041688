//! Lets a test read as plain sentences: what is asynchronous beneath is waited for here.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::runtime::Runtime;

/// How long a condition may take to come true before a test gives up on it. Generous, for a
/// machine that compiles beside the tests; a green run never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long to leave a page alone between two looks at it.
pub const GLANCE: Duration = Duration::from_millis(25);

// It outlives every test, so that a connection made in one may be closed in its `Drop`.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("the operating system gives us a thread")
});

/// Waits for `future` from a plain `#[test]`.
pub fn wait_for<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Runs `future` beside the tests until it ends or the program does.
pub fn alongside<F>(future: F)
where
    F: Future<Output = ()> + Send + 'static,
{
    RUNTIME.spawn(future);
}
