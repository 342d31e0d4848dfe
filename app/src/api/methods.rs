//! A company's saved cards.

use crate::{fault::Fault, note::Note};
use domain::{
    ids::MethodId,
    views::{MethodsPage, NewMethod},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form for another card, and why the last one was not kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewMethodScreen {
    pub new: NewMethod,
    pub note: Note,
}

#[cfg(feature = "ssr")]
const HOME: &str = "/methods";

/// `back` is the method whose payer comes back from the bank's page.
#[server(prefix = "/api", endpoint = "methods/list")]
pub async fn list_methods(back: Option<MethodId>) -> Result<MethodsPage, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await?;
    if let Some(back) = back {
        // A stale link of another company's shows the list like any other.
        gate::answer(gate::engine().method_returned(&payer, back).await).ok();
    }
    gate::answer(gate::engine().methods(&payer).await)
}

#[server(prefix = "/api", endpoint = "methods/new")]
pub async fn prepare_method() -> Result<NewMethodScreen, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await?;
    let new = gate::answer(gate::engine().new_method(&payer).await)?;
    Ok(NewMethodScreen { new, note: gate::take_note(HOME, "") })
}

/// One press of Save, posted by a plain form. Without script there is no token.
#[server(prefix = "/api", endpoint = "methods/save")]
pub async fn save_method(
    method: MethodId,
    #[server(default)] token: String,
    #[server(default)] nickname: String,
) -> Result<(), Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await.map_err(gate::signed_out)?;
    let refuse = |fault: Fault| gate::refuse("/methods/new", HOME, fault, "");
    let Some(engine::PayHow::Token(token)) = engine::PayHow::of_form(token) else { return Err(refuse(Fault::NoCard)) };
    let order = engine::SaveMethod { method, token, nickname };
    let at_the_bank = gate::answer(gate::engine().save_method(&payer, order).await).map_err(refuse)?;
    gate::go_to(at_the_bank.as_deref().unwrap_or(HOME));
    Ok(())
}

#[server(prefix = "/api", endpoint = "methods/name")]
pub async fn name_method(method: MethodId, #[server(default)] nickname: String) -> Result<(), Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().name_method(&payer, method, &nickname).await)?;
    gate::go_to(HOME);
    Ok(())
}

#[server(prefix = "/api", endpoint = "methods/choose")]
pub async fn choose_method(method: MethodId) -> Result<(), Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().choose_method(&payer, method).await)?;
    gate::go_to(HOME);
    Ok(())
}

#[server(prefix = "/api", endpoint = "methods/remove")]
pub async fn remove_method(method: MethodId) -> Result<(), Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await.map_err(gate::signed_out)?;
    gate::answer(gate::engine().remove_method(&payer, method).await)?;
    gate::go_to(HOME);
    Ok(())
}
