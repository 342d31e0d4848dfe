//! The reading of a merchant's books: how it stands, and when somebody may ask for it.

/// Where one reading stands. It is done page by page, and goes on at the page where it was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "orm", derive(sea_orm::EnumIter, sea_orm::DeriveActiveEnum))]
#[cfg_attr(feature = "orm", sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case"))]
pub enum SyncState {
    /// Asked for, or sent away by the vendor: it goes on by itself.
    Waiting,
    Running,
    Done,
    /// Somebody has stopped it.
    Cancelled,
    Failed,
}

impl SyncState {
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}
