//! Credit notes: the list, the form that issues one, and where what is left of one goes.

use super::{
    Asked, FORM_USED, Keeper, go_to,
    invoices::{LINES_AT_FIRST, does, first, lines_of, more_lines},
    page,
};
use crate::staff::{Answer, Id, refused};
use app::{CreditNotePage, CreditPage, addresses, render_credit, render_credit_form, render_credits};
use axum::{Form, extract::Query};
use domain::{
    ids::{CreditNoteId, InvoiceId},
    own_credit::CreditTyped,
    own_invoice::{LineTyped, Wrong},
};
use engine::{CreditOrder, OwnBooksError};
use serde::Deserialize;

pub async fn list(keeper: Keeper, Query(asked): Query<Asked>) -> Answer {
    let list = keeper.web.or_refused(keeper.engine().credit_notes(&keeper.admin, asked.list().page).await)?;
    page(render_credits(&keeper.web.assets, keeper.who(), list))
}

pub async fn form(keeper: Keeper, Id(invoice): Id<InvoiceId>) -> Answer {
    let form = keeper.web.or_refused(keeper.engine().credit_form(&keeper.admin, invoice).await)?;
    if let Err(why) = form.now {
        return keeper.acted(invoice, "", Err(why.into()));
    }
    let lines = vec![LineTyped::default(); LINES_AT_FIRST];
    let (note, typed) = (form.note, CreditTyped { lines, ..CreditTyped::default() });
    shown(&keeper, CreditPage { form, note, typed, wrong: Vec::new(), refused: None })
}

fn shown(keeper: &Keeper, credit: CreditPage) -> Answer {
    page(render_credit_form(&keeper.web.assets, keeper.who(), credit))
}

pub async fn issue(keeper: Keeper, Id(invoice): Id<InvoiceId>, Form(pairs): Form<Vec<(String, String)>>) -> Answer {
    let note = keeper.web.read_id(&first(&pairs, "note"))?;
    let (amount, reason) = (first(&pairs, "amount"), first(&pairs, "reason"));
    let mut order = CreditOrder { note, invoice, typed: CreditTyped { amount, reason, lines: lines_of(&pairs) } };
    let is_more = does(&pairs, "lines");
    let (wrong, refused, is_used) = if is_more {
        more_lines(&mut order.typed.lines);
        (Vec::new(), None, false)
    } else {
        match keeper.engine().credit_invoice(&keeper.admin, &order).await {
            Err(OwnBooksError::Wrong(wrong)) => (wrong, None, false),
            Err(OwnBooksError::NotNow(why)) => (Vec::new(), Some(why.words()), false),
            Err(OwnBooksError::FormUsed) => (Vec::new(), Some(FORM_USED), true),
            answer => return keeper.acted(invoice, "credited", answer),
        }
    };
    let form = keeper.web.or_refused(keeper.engine().credit_form(&keeper.admin, invoice).await)?;
    let note = if is_used { form.note } else { note };
    shown(&keeper, CreditPage { form, note, typed: order.typed, wrong, refused })
}

pub async fn note(keeper: Keeper, Id(note): Id<CreditNoteId>, Query(asked): Query<Asked>) -> Answer {
    note_page(&keeper, note, Typed { done: asked.done, ..Typed::default() }).await
}

/// What comes back on the page of a credit note.
#[derive(Default)]
struct Typed {
    chosen: Option<InvoiceId>,
    amount: String,
    wrong: Vec<Wrong>,
    refused: Option<&'static str>,
    done: String,
}

async fn note_page(keeper: &Keeper, note: CreditNoteId, typed: Typed) -> Answer {
    let Typed { chosen, amount, wrong, refused, done } = typed;
    let story = keeper.web.or_refused(keeper.engine().credit_story(&keeper.admin, note).await)?;
    let shown = CreditNotePage { story, chosen, amount, wrong, refused, done };
    page(render_credit(&keeper.web.assets, keeper.who(), shown))
}

#[derive(Deserialize)]
pub struct Allocation {
    left: i64,
    #[serde(default)]
    invoice: String,
    #[serde(default)]
    amount: String,
}

pub async fn allocate(keeper: Keeper, Id(note): Id<CreditNoteId>, Form(sent): Form<Allocation>) -> Answer {
    let to = keeper.web.read_id(&sent.invoice)?;
    let answer = keeper.engine().allocate_credit(&keeper.admin, note, to, &sent.amount, sent.left).await;
    let typed = Typed { chosen: Some(to), amount: sent.amount, ..Typed::default() };
    match answer {
        Ok(()) => go_to(&format!("{}?done=allocated", addresses::credit(note))),
        Err(OwnBooksError::Wrong(wrong)) => note_page(&keeper, note, Typed { wrong, ..typed }).await,
        Err(OwnBooksError::NotNow(why)) => {
            note_page(&keeper, note, Typed { refused: Some(why.words()), ..typed }).await
        }
        Err(OwnBooksError::Outdated | OwnBooksError::FormUsed) => {
            let words = "Something else is left of it by now. Look at it again.";
            note_page(&keeper, note, Typed { refused: Some(words), ..Typed::default() }).await
        }
        Err(OwnBooksError::Engine(cause)) => Err(refused(&keeper.web, cause)),
    }
}

pub async fn void(keeper: Keeper, Id(note): Id<CreditNoteId>) -> Answer {
    let refused_by = match keeper.engine().void_credit(&keeper.admin, note).await {
        Ok(()) => return go_to(&format!("{}?done=voided", addresses::credit(note))),
        Err(OwnBooksError::NotNow(why)) => why.words(),
        Err(OwnBooksError::Outdated | OwnBooksError::FormUsed | OwnBooksError::Wrong(_)) => {
            "Somebody uses it at this moment. Look at it again."
        }
        Err(OwnBooksError::Engine(cause)) => return Err(refused(&keeper.web, cause)),
    };
    note_page(&keeper, note, Typed { refused: Some(refused_by), ..Typed::default() }).await
}
