//! A company's saved cards and bank accounts.
#![expect(clippy::too_many_arguments, reason = "a server function has one for each field of its form")]

use crate::{fault::Fault, note::Note};
use domain::{
    ids::MethodId,
    method::MethodKind,
    views::{MethodsPage, NewMethod},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// The form for another method, and why the last one was not kept.
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
pub async fn prepare_method(
    #[server(default)] kind: MethodKind,
    replaces: Option<MethodId>,
) -> Result<NewMethodScreen, Fault> {
    use crate::gate;
    let payer = gate::payer(gate::Act::ManageMethods).await?;
    let new = gate::answer(gate::engine().new_method(&payer, kind, replaces).await)?;
    Ok(NewMethodScreen { new, note: gate::take_note(HOME, "") })
}

/// One press of Save, posted by a plain form. Without script there is no token. `replaces` is the method whose place it takes.
#[server(prefix = "/api", endpoint = "methods/save")]
pub async fn save_method(
    method: MethodId,
    #[server(default)] kind: MethodKind,
    #[server(default)] token: String,
    #[server(default)] postal_code: String,
    #[server(default)] nickname: String,
    #[server(default)] holder: String,
    #[server(default)] consent: String,
    replaces: Option<MethodId>,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let payer = gate::payer(gate::Act::ManageMethods).await.map_err(gate::signed_out)?;
    let form = replaces.map_or_else(|| addresses::new_method(kind), |old| addresses::replacing(kind, old));
    let refuse = |fault: Fault| gate::refuse(&form, HOME, fault, "");
    let Some(engine::PayHow::Token(token)) = engine::PayHow::of_form(token) else {
        return Err(refuse(if kind.is_debit() { Fault::NoAccount } else { Fault::NoCard }));
    };
    let (network, user_agent) = (gate::network(), gate::user_agent());
    let postal_code = engine::postal_code(&postal_code);
    let order = engine::SaveMethod {
        method,
        kind,
        token,
        postal_code,
        replaces,
        nickname,
        holder,
        consent,
        network,
        user_agent,
    };
    let at_the_bank = gate::answer(gate::engine().save_method(&payer, order).await).map_err(refuse)?;
    // What an owner of an account must know takes days to come: the list says what.
    gate::go_to(at_the_bank.as_deref().filter(|_| !kind.is_debit()).unwrap_or(HOME));
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
