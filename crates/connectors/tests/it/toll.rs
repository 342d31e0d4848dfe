//! A toll that lets some requests pass, and keeps what their answers said of those that are left.

use async_trait::async_trait;
use chrono::DateTime;
use connectors::books::{
    BooksError,
    toll::{Passage, Toll},
};
use domain::governor::Allowance;
use std::sync::{Arc, Mutex};

#[derive(Debug)]
pub struct Counted {
    left: Mutex<u32>,
    heard: Arc<Mutex<Vec<Allowance>>>,
}

impl Counted {
    pub fn for_so_many(left: u32) -> Arc<Self> {
        Arc::new(Self { left: Mutex::new(left), heard: Arc::default() })
    }

    pub fn heard(&self) -> Vec<Allowance> {
        self.heard.lock().unwrap().clone()
    }
}

#[async_trait]
impl Toll for Counted {
    async fn enter(&self, _: bool) -> Result<Box<dyn Passage>, BooksError> {
        let mut left = self.left.lock().unwrap();
        *left = left.checked_sub(1).ok_or(BooksError::NotNow { until: DateTime::UNIX_EPOCH })?;
        Ok(Box::new(Ear(Arc::clone(&self.heard))))
    }
}

struct Ear(Arc<Mutex<Vec<Allowance>>>);

impl Passage for Ear {
    fn heard(&mut self, said: Allowance) {
        self.0.lock().unwrap().push(said);
    }
}
