//! A part of a list that programs read to its end, in the order of its ids, which never change.

use sea_orm::{QueryOrder, QuerySelect, Select, Value, entity::prelude::*};

/// What comes after one row and was begun before another.
#[derive(Clone, Copy, Debug)]
pub struct Part<Id> {
    pub after: Option<Id>,
    /// Absent: up to the end.
    pub before: Option<Id>,
    /// How many rows of it at most.
    pub limit: u64,
}

impl<Id: Into<Value>> Part<Id> {
    pub(crate) fn of<E: EntityTrait>(self, mut list: Select<E>, id: E::Column) -> Select<E> {
        if let Some(after) = self.after {
            list = list.filter(id.gt(after));
        }
        if let Some(before) = self.before {
            list = list.filter(id.lt(before));
        }
        list.order_by_asc(id).limit(self.limit)
    }
}
