//! One vendor's records: a value behind a lock, and its snapshot on disk, so that a killed process loses no charge.
//! Survives the end of the process, not of the machine: a snapshot is renamed into place, never fsynced.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What can go wrong between the records and their file.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    #[error("cannot read or write the simulators' file {file}")]
    Io { file: PathBuf, source: std::io::Error },
    #[error("the simulators' file {file} is not one of this version; remove it or run `make demo-reset`")]
    Format { file: PathBuf, source: serde_json::Error },
}

pub(crate) struct Records<T> {
    state: Mutex<T>,
    /// Counts changes; compared with `saved` to tell whether the file is behind.
    version: AtomicU64,
    file: Option<PathBuf>,
    saved: tokio::sync::Mutex<u64>,
}

impl<T: Serialize + DeserializeOwned> Records<T> {
    /// Loads `<dir>/<name>.json` when it is there, else starts from `fresh`. Without a folder nothing is kept.
    pub fn open(dir: Option<&Path>, name: &str, fresh: impl FnOnce() -> T) -> Result<Self, RecordsError> {
        let file = dir.map(|dir| dir.join(format!("{name}.json")));
        let loaded = file.as_deref().map(load).transpose()?.flatten();
        Ok(Self {
            state: Mutex::new(loaded.unwrap_or_else(fresh)),
            version: AtomicU64::new(0),
            file,
            saved: tokio::sync::Mutex::new(0),
        })
    }

    pub fn read<R>(&self, look: impl FnOnce(&T) -> R) -> R {
        look(&self.lock())
    }

    pub fn write<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let mut state = self.lock();
        self.version.fetch_add(1, Ordering::Release);
        change(&mut state)
    }

    /// Like [`Records::write`] for a look that seldom changes anything: counts as a change only when `changed` says so.
    pub fn write_if<R>(&self, change: impl FnOnce(&mut T) -> R, changed: impl FnOnce(&R) -> bool) -> R {
        let mut state = self.lock();
        let result = change(&mut state);
        if changed(&result) {
            self.version.fetch_add(1, Ordering::Release);
        }
        result
    }

    /// Returns once every change made before the call is on disk. Callers that wait together share one write.
    pub async fn save(&self) -> Result<(), RecordsError> {
        let Some(file) = &self.file else { return Ok(()) };
        let wanted = self.version.load(Ordering::Acquire);
        let mut saved = self.saved.lock().await;
        if *saved >= wanted {
            return Ok(());
        }
        let (version, json) = {
            let state = self.lock();
            (self.version.load(Ordering::Acquire), serde_json::to_vec(&*state))
        };
        let json = json.map_err(|source| RecordsError::Format { file: file.clone(), source })?;
        let fresh = file.with_extension("json.new");
        let io = |source| RecordsError::Io { file: file.clone(), source };
        tokio::fs::write(&fresh, json).await.map_err(io)?;
        tokio::fs::rename(&fresh, file).await.map_err(io)?;
        *saved = version;
        Ok(())
    }

    /// A panic in one request must not take the vendor away from all others: its half change is kept.
    fn lock(&self) -> MutexGuard<'_, T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn load<T: DeserializeOwned>(file: &Path) -> Result<Option<T>, RecordsError> {
    match std::fs::read(file) {
        Ok(json) => serde_json::from_slice(&json)
            .map(Some)
            .map_err(|source| RecordsError::Format { file: file.to_owned(), source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(RecordsError::Io { file: file.to_owned(), source }),
    }
}
