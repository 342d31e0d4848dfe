//! Sign in, sign out, and the change of place.

use crate::{fault::Fault, note::Note};
use leptos::prelude::*;

/// What the sign-in page must say. Whoever is signed in already is sent to `next` or home.
#[server(prefix = "/api", endpoint = "session/note")]
pub async fn read_note(next: String) -> Result<Note, Fault> {
    use crate::{addresses::own_path, gate};
    let mut note = gate::take_note("/sign-in", "");
    match gate::whoami().await {
        Ok(who) => gate::go_to(own_path(&next).unwrap_or(who.role.home())),
        // A session that has ended, which is told once: who signs out sends none.
        Err(Fault::SignInNeeded) if gate::session_token().is_some() => {
            gate::clear_session();
            note.fault.get_or_insert(Fault::SignInNeeded);
        }
        Err(_) => {}
    }
    Ok(note)
}

/// Sends to the front page of whoever is signed in.
#[server(prefix = "/api", endpoint = "session/home")]
pub async fn find_home() -> Result<String, Fault> {
    use crate::gate;
    let home = gate::whoami().await.map_or("/sign-in", |who| who.role.home());
    gate::go_to(home);
    Ok(home.to_owned())
}

/// A plain form. The e-mail address of a failed try comes back in a cookie; the password never does.
#[server(prefix = "/api", endpoint = "session/sign_in")]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), Fault> {
    use crate::{addresses, gate};
    let next = addresses::own_path(&next);
    let back = next.map_or("/sign-in".to_owned(), addresses::sign_in);
    let refuse = |fault: Fault| gate::refuse(&back, "/sign-in", fault, &email);
    if email.trim().is_empty() || password.is_empty() {
        return Err(refuse(Fault::SignInUnfilled));
    }
    let signed_in = gate::engine().sign_in(email.trim(), &password, gate::network()).await;
    let session = gate::answer(signed_in).map_err(refuse)?;
    gate::set_session(&session.token);
    gate::go_to(next.unwrap_or(session.home));
    Ok(())
}

#[server(prefix = "/api", endpoint = "session/sign_out")]
pub async fn sign_out() -> Result<(), Fault> {
    use crate::gate;
    if let Some(token) = gate::session_token() {
        gate::answer(gate::engine().sign_out(&token).await)?;
    }
    gate::clear_session();
    gate::go_to("/sign-in");
    Ok(())
}

/// Another capacity of the same person (S60).
#[server(prefix = "/api", endpoint = "session/switch")]
pub async fn switch_place(place: String) -> Result<(), Fault> {
    use crate::gate;
    let token = gate::session_token().ok_or_else(|| gate::signed_out(Fault::SignInNeeded))?;
    let session = gate::answer(gate::engine().switch_place(&token, &place).await).map_err(gate::signed_out)?;
    gate::set_session(&session.token);
    gate::go_to(session.home);
    Ok(())
}
