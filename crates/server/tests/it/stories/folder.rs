//! A folder that is there for one test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the target folder can be written");
        Self(path)
    }

    pub fn path(&self) -> &str {
        self.0.to_str().expect("the path is text")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn entries(&self) -> usize {
        std::fs::read_dir(&self.0).expect("it is there").count()
    }

    /// Everything in it, letter by letter.
    pub fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        contents(&self.0)
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("it is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            let text = std::fs::read(&path).expect("it can be read");
            all.insert(path, text);
        }
    }
    all
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
