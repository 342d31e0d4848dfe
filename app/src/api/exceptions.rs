//! What needs a person, and its two ways out.

use crate::{fault::Fault, note::Note};
use domain::{exception::Verdict, views::ExceptionBox};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The inbox, as one browser sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExceptionsScreen {
    pub list: ExceptionBox,
    /// Why the last press of a button led back here.
    pub note: Note,
}

#[cfg(feature = "ssr")]
const HOME: &str = "/admin/exceptions";

/// `exception` is the one whose form may have been sent back.
#[server(prefix = "/api", endpoint = "exceptions/list")]
pub async fn list_exceptions(page: u64, #[server(default)] exception: String) -> Result<ExceptionsScreen, Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::SeeExceptions).await?;
    let list = gate::answer(gate::engine().exceptions(&admin, page).await)?;
    Ok(ExceptionsScreen { list, note: gate::take_note(HOME, &exception) })
}

/// Has one mended by its own cure; with the number of an invoice, where that asks for one.
#[server(prefix = "/api", endpoint = "exceptions/retry")]
pub async fn retry_exception(exception: String, #[server(default)] invoice: String) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::EndExceptions).await.map_err(gate::signed_out)?;
    match gate::answer(gate::engine().retry_exception(&admin, &exception, &invoice).await) {
        Err(fault @ Fault::NotMended { .. }) => return Err(gate::refuse(HOME, HOME, fault, "")),
        mended => mended?,
    }
    gate::go_to("/admin/exceptions?done=retry");
    Ok(())
}

/// Has the customer made in the books whom one waits for.
#[server(prefix = "/api", endpoint = "exceptions/create_customer")]
pub async fn create_customer(exception: String) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::EndExceptions).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().ask_for_customer(&admin, &exception).await)?;
    gate::go_to("/admin/exceptions?done=customer");
    Ok(())
}

/// Has an invoice ask again for money that went back and whose payment the books keep.
#[server(prefix = "/api", endpoint = "exceptions/write_return_invoice")]
pub async fn write_return_invoice(exception: String) -> Result<(), Fault> {
    use crate::gate;
    let admin = gate::admin(gate::Act::EndExceptions).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().ask_for_return(&admin, &exception).await)?;
    gate::go_to("/admin/exceptions?done=retry");
    Ok(())
}

/// A person has seen to one in a way of their own: why, and where one reads of it.
#[server(prefix = "/api", endpoint = "exceptions/fix")]
pub async fn fix_exception(
    exception: String,
    #[server(default)] reason: String,
    #[server(default)] reference: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let admin = gate::admin(gate::Act::EndExceptions).await.map_err(gate::signed_out)?;
    if reason.trim().is_empty() || reference.trim().is_empty() {
        let fault = Fault::FixUnfilled;
        let note = Note::of_fix(&fault, &reason, &reference).about(&exception);
        gate::refuse_with(&addresses::exception(&exception), HOME, &note);
        return Err(fault);
    }
    let is_fixed = gate::answer(gate::engine().fix_exception(&admin, &exception, &reason, &reference).await)?;
    gate::go_to(if is_fixed { "/admin/exceptions?done=fixed" } else { "/admin/exceptions?done=gone" });
    Ok(())
}

/// A person says what became of a payment or a refund of which its gateway never told: its number there, or why it has none.
#[server(prefix = "/api", endpoint = "exceptions/decide")]
pub async fn decide_outcome(
    exception: String,
    verdict: Verdict,
    #[server(default)] reason: String,
    #[server(default)] reference: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let admin = gate::admin(gate::Act::EndExceptions).await.map_err(gate::signed_out)?;
    let engine = gate::engine();
    let decided = gate::answer(engine.decide_outcome(&admin, &exception, verdict, &reason, &reference).await);
    if let Err(fault @ Fault::NotMended { .. }) = &decided {
        let note = Note::of_fix(fault, &reason, &reference).about(&exception);
        gate::refuse_with(&addresses::exception(&exception), HOME, &note);
    }
    gate::go_to(match decided? {
        Some(it) if it == verdict => "/admin/exceptions?done=decided",
        Some(_) => "/admin/exceptions?done=found",
        None => "/admin/exceptions?done=gone",
    });
    Ok(())
}
