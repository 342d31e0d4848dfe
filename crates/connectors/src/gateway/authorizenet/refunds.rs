//! Refunds at Authorize.Net (`wire/gateways.md`, 3.4): what has not settled yet is voided, and only whole; what has, is
//! paid back by a transaction of its own. Neither has a key to repeat it by, so each is sent once, and one whose answer
//! was lost is looked for: a void at its charge, a refund in the lists, by our name.

use super::{
    AuthorizeNet, ChargeHow, Found, GatewayError, ListedRefund, RefundLookUp, RefundRequest,
    code::{self, Name},
    find::{CLOCKS_APART, LISTED_WITHIN, first_day, may_be_ours},
    outcomes,
    replies::{DetailsReply, Row, filled},
    requests::Transaction,
};
use crate::gateway::refused;
use chrono::{DateTime, Utc};
use domain::{
    ids::RefundId,
    money::Money,
    payment::Fact,
    refund::{RefundFact, RefundSeen},
};
use std::collections::BTreeMap;

impl AuthorizeNet {
    pub(super) async fn send_refund(&self, request: &RefundRequest) -> Result<RefundSeen, GatewayError> {
        self.takes(request.amount)?;
        let name = code::of_refund(request.refund)?;
        let mut charge = self.charge_before(request).await?;
        if is_whole(request) && matches!(self.stands(&charge), Fact::Approved | Fact::PendingSettlement) {
            let void = Transaction::Void { ref_trans_id: &request.charge_gateway_id };
            if self.transact(Some(&name), void).await?.is_voided()? {
                return Ok(undone(request));
            }
            // It may have settled in this moment.
            charge = self.charge_before(request).await?;
        }
        match self.stands(&charge) {
            Fact::Settled => self.pay_back(request, &name, &charge).await,
            Fact::Voided if is_whole(request) => Ok(undone(request)),
            Fact::Approved | Fact::PendingSettlement => {
                Err(refused("not_settled", "until it settles it can only be voided whole"))
            }
            _ => Err(refused("not_refundable", &charge.transaction.transaction_status)),
        }
    }

    async fn pay_back(
        &self,
        request: &RefundRequest,
        name: &str,
        charge: &DetailsReply,
    ) -> Result<RefundSeen, GatewayError> {
        let refund = match &request.charge.how {
            ChargeHow::Saved { customer, method, kind } if kind.is_debit() => {
                Transaction::refund_to_kept(request, name, customer, method)
            }
            _ => {
                let last4 = charge.transaction.card_last4();
                Transaction::refund(request, name, last4.ok_or_else(|| refused("no_card", "it was no card"))?)
            }
        };
        let response = self.transact(Some(name), refund).await?;
        if response.is_duplicate() {
            return Ok(self.original(&response, name).await?.observe_refund(self.config.currency));
        }
        response.observe_refund()
    }

    /// The charge before anything is sent: whatever goes wrong here has sent nothing.
    async fn charge_before(&self, request: &RefundRequest) -> Result<DetailsReply, GatewayError> {
        match self.details_soon(&request.charge_gateway_id).await {
            Err(error @ (GatewayError::Busy { .. } | GatewayError::Unknown(_))) => {
                Err(GatewayError::NotSent(error.to_string()))
            }
            read => read,
        }
    }

    fn stands(&self, charge: &DetailsReply) -> Fact {
        charge.observe(self.config.currency).fact
    }

    pub(super) async fn look_up_refund(&self, look_up: &RefundLookUp) -> Result<Found<RefundSeen>, GatewayError> {
        let request = &look_up.request;
        let name = code::of_refund(request.refund)?;
        // A void has no id but that of its charge.
        if let Some(id) = look_up.gateway_id.as_ref().filter(|id| **id != request.charge_gateway_id) {
            return Ok(Found::Seen(self.details(id).await?.observe_refund(self.config.currency)));
        }
        if is_whole(request) && self.stands(&self.details(&request.charge_gateway_id).await?) == Fact::Voided {
            return Ok(Found::Seen(undone(request)));
        }
        if let Some(seen) = self.told_refund(look_up).await? {
            return Ok(Found::Seen(seen));
        }
        let age = (self.config.clock)() - look_up.sent_at;
        let since = look_up.sent_at - CLOCKS_APART;
        // In this order: what settles meanwhile leaves the first list for the second.
        let mut seen = self.proven_refund(self.unsettled(since, Row::refund).await?, request.refund, &name).await?;
        if seen.is_none() {
            seen = self.proven_refund(self.settled(since, Row::refund).await?, request.refund, &name).await?;
        }
        Ok(match seen {
            Some(seen) => Found::Seen(seen),
            None if age < LISTED_WITHIN => Found::TooEarlyToSay,
            None => Found::NotThere,
        })
    }

    /// The one that was told of, where it bears this refund's name. Whatever else it is, the lists decide.
    async fn told_refund(&self, look_up: &RefundLookUp) -> Result<Option<RefundSeen>, GatewayError> {
        let Some(id) = &look_up.told else { return Ok(None) };
        match self.details(id).await.map(|details| details.read_refund(self.config.currency)) {
            Ok(read) => Ok((read.refund == Some(look_up.request.refund)).then_some(read.seen)),
            Err(GatewayError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As with charges: an invoice number can be copied, but where the vendor has kept no `refId` it is enough.
    async fn proven_refund(
        &self,
        rows: Vec<RefundRow>,
        refund: RefundId,
        name: &str,
    ) -> Result<Option<RefundSeen>, GatewayError> {
        for row in rows.into_iter().filter(|row| row.refund == Some(refund)) {
            let details = self.details(&row.trans_id).await?;
            if details.ref_id().is_none_or(|ref_id| ref_id == name) {
                return Ok(Some(details.observe_refund(self.config.currency)));
            }
        }
        Ok(None)
    }

    /// Refunds alone: a void leaves no transaction of its own, and its charge is not listed as taken any more.
    pub(super) async fn list_refunds(&self, since: DateTime<Utc>) -> Result<Vec<ListedRefund>, GatewayError> {
        let since = since.max(first_day());
        let from = since - CLOCKS_APART;
        let mut rows = BTreeMap::new();
        // By their ids: what settles meanwhile stands in both lists, and the second tells the newer state.
        for listed in [self.unsettled(from, Row::refund).await?, self.settled(from, Row::refund).await?] {
            let told = listed.into_iter().filter(|row| row.is_told && row.submitted.is_none_or(|at| at >= since));
            rows.extend(told.map(|row| (row.trans_id.clone(), row)));
        }
        let mut refunds = Vec::new();
        for row in rows.into_values() {
            refunds.push(self.listed(row).await?);
        }
        Ok(refunds)
    }

    /// Which charge it is of, lists do not say.
    async fn listed(&self, row: RefundRow) -> Result<ListedRefund, GatewayError> {
        let amount = row.amount.as_deref().and_then(|amount| Money::from_decimal(amount, self.config.currency).ok());
        let amount = amount.ok_or_else(|| GatewayError::Unknown(format!("{} has no readable amount", row.trans_id)))?;
        let charge_gateway_id = match row.refund {
            Some(_) => None,
            None => {
                let details = self.details(&row.trans_id).await?.transaction;
                filled(details.ref_trans_id.as_ref()).map(str::to_owned)
            }
        };
        let (refund, gateway_id, is_paid) = (row.refund, row.trans_id, row.is_paid);
        Ok(ListedRefund { refund, charge_gateway_id, gateway_id, amount, is_paid })
    }
}

/// A listed transaction that is a refund, or carries the name of one of ours.
struct RefundRow {
    refund: Option<RefundId>,
    trans_id: String,
    amount: Option<String>,
    submitted: Option<DateTime<Utc>>,
    /// Money goes back by it, or has gone.
    is_told: bool,
    is_paid: bool,
}

impl Row {
    fn refund(&self) -> Option<RefundRow> {
        let submitted = self.submitted();
        let name = filled(self.invoice_number.as_ref()).and_then(code::read);
        let refund = match name.filter(|name| may_be_ours(*name, submitted)) {
            Some(Name::Refund(refund)) => Some(refund),
            _ => None,
        };
        let is_told = self.transaction_status.starts_with("refund");
        (is_told || refund.is_some()).then(|| RefundRow {
            refund,
            trans_id: self.trans_id.0.clone(),
            amount: filled(self.settle_amount.as_ref()).map(str::to_owned),
            submitted,
            is_told,
            is_paid: outcomes::refund_fact(&self.transaction_status) == RefundFact::Succeeded,
        })
    }
}

/// Given back entirely: by voiding it, when it has not settled.
fn is_whole(request: &RefundRequest) -> bool {
    request.amount == request.charge.amount
}

/// The money never left: there is nothing to wait for.
fn undone(request: &RefundRequest) -> RefundSeen {
    let gateway_id = Some(request.charge_gateway_id.clone());
    RefundSeen { fact: RefundFact::Succeeded, gateway_id, amount: Some(request.amount) }
}
