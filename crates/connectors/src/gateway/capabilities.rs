//! What a gateway can do, as data: what differs between them, screens, router and tests read here.

use chrono::TimeDelta;
use domain::{consent::DebitUser, method::MethodKind};

/// What a gateway can do is data, so that screens and router read it without a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// As in "Card details go straight to Stripe".
    pub name: &'static str,
    /// The adapter was tried at the vendor, and not against a simulator alone.
    pub verified: bool,
    /// Takes the card on a page of its own, for payers without script.
    pub hosted_page: bool,
    /// That page's, where it cannot be ended from here.
    pub page_life: Option<PageLife>,
    /// A token does not hold the postal code of the card's address, and an account may decline every card without it.
    pub postal_code: bool,
    /// Keeps a list of what it took, to compare ours with.
    pub lists: bool,
    pub cards: Cards,
    /// Tells brand and funding of a card before it is charged.
    pub reads_cards: bool,
    pub refunds: Refunds,
    /// Tells of disputes of cards.
    pub disputes: bool,
    /// Tells what moved on the merchant's balance there, with its fees and payouts.
    pub balance: bool,
    /// Lists what it paid out to the merchant's bank, and what each payout consists of.
    pub payouts: bool,
    /// Keeps methods for later charges.
    pub stores: bool,
    /// Keeps the card of a charge as well.
    pub keeps_paid: bool,
    /// The bank debits that it takes, of accounts that it keeps.
    pub debits: &'static [MethodKind],
    /// Whom the owner of an Australian account authorises, where it takes those.
    pub debit_user: Option<DebitUser>,
    pub late_news: LateNews,
    pub wire: Wire,
}

/// How a card is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cards {
    /// By a token, in one call, whose answer is the outcome. A token can be charged for so long, where that ends.
    Token { life: Option<TimeDelta> },
    /// By its payer, on the gateway's own page alone: the call opens that, and takes nothing.
    Page,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A vendor, over a network: slow, busy or newer than we are at times, with books.
    Vendor { news: News },
    /// This process itself; and why nothing of that can go wrong here.
    Here(&'static str),
}

/// What a vendor tells unasked. It is refused when it was signed longer ago than its life, where a signature holds its
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// What comes of every charge.
    Charges { life: Option<TimeDelta> },
    /// What comes of the gateway's own page alone.
    Page { life: Option<TimeDelta> },
    /// Nothing that could be believed; and why.
    No(&'static str),
}

impl Capabilities {
    /// For whoever sets connections up, as in a list of them.
    #[must_use]
    pub fn title(&self) -> String {
        let untried = if self.verified { "" } else { " (not yet verified)" };
        format!("{}{untried}", self.name)
    }
}

/// How we learn that a bank has taken a debit back that had cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LateNews {
    /// The gateway tells.
    Told,
    /// Nobody tells: whoever wants to know reads the debit again.
    Asked,
}

/// What a page that ends by itself allows, counted from when it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLife {
    /// Who has left it can go on there for so long.
    pub opens: TimeDelta,
    /// From then on a look-up can say that nobody pays there any more.
    pub over: TimeDelta,
}

/// Whether money can be paid back by this gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refunds {
    /// In whole and in part, before and after settlement alike.
    Allowed,
    /// Until it has settled, a charge can only be undone whole; afterwards in part as well.
    WholeUntilSettled,
    /// Whole alone, whenever; and what to do about a part, for staff.
    Whole(&'static str),
    /// Not here; and what to do instead, for staff.
    No(&'static str),
}
