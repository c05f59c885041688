//! Points at which a test ends this process as a power cut would.
//!
//! They stand where a crash leaves something half done: before and after each commit, after
//! each answer of Microsoft and of the mail server, between the steps of a migration. The
//! program that is shipped has none: without the feature `failpoints` a point is nothing.
//!
//! With it, and with a folder in the variable `ITHACA_FAILPOINTS`, each point that is passed
//! adds its name to the file `passed` there; and where the file `armed` says `2 after commit
//! …`, the second passing of that point from then on is the last thing the process does, after
//! it called the file `died`.

#[cfg(feature = "failpoints")]
mod armed {
    use std::fmt::Arguments;
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::sync::{LazyLock, Mutex, PoisonError};

    struct Points {
        folder: PathBuf,
        passed: std::fs::File,
        armed: String,
        left: u32,
    }

    static POINTS: LazyLock<Option<Mutex<Points>>> = LazyLock::new(|| {
        let folder = PathBuf::from(std::env::var_os("ITHACA_FAILPOINTS")?);
        let passed = std::fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("passed"))
            .ok()?;
        Some(Mutex::new(Points {
            folder,
            passed,
            armed: String::new(),
            left: 0,
        }))
    });

    /// Passes a point of this name.
    pub fn pass(point: Arguments<'_>) {
        if let Some(points) = &*POINTS {
            let mut points = points.lock().unwrap_or_else(PoisonError::into_inner);
            points.pass(&point.to_string());
        }
    }

    impl Points {
        fn pass(&mut self, point: &str) {
            // One write a line, so that two processes don't mix theirs.
            let _ = self.passed.write_all(format!("{point}\n").as_bytes());
            let armed = std::fs::read_to_string(self.folder.join("armed")).unwrap_or_default();
            let Some((times, name)) = armed.split_once(' ') else {
                return;
            };
            if armed != self.armed {
                self.left = times.parse().unwrap_or(1);
                self.armed.clone_from(&armed);
            }
            if name == point {
                self.left = self.left.saturating_sub(1);
                // Whoever disarmed it just now must be able to rely on it.
                let (armed, died) = (self.folder.join("armed"), self.folder.join("died"));
                if self.left == 0 && std::fs::rename(armed, died).is_ok() {
                    std::process::abort();
                }
            }
        }
    }
}

#[cfg(feature = "failpoints")]
pub use armed::pass;

/// Passes a point of this name: nothing, in the program that is shipped.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub fn pass(_point: std::fmt::Arguments<'_>) {}
