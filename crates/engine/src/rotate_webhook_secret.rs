//! The secrets that a vendor signs its news with, changed by the operator's hand: two at once while the vendor goes over
//! from one to the other, so that no news is refused in between.

use crate::{
    Engine, Error,
    connections::{books_secret, gateway_secret},
};
use secrecy::{ExposeSecret, SecretString};
use store::{Connection, MerchantDb};

/// While one is rotated; a third would be one that nobody remembers.
const AT_ONCE_MAX: usize = 2;
/// Vendors' own have 32 and more. What is shorter or longer is a file that was named by mistake.
const SECRET_MIN_BYTES: usize = 16;
const SECRET_MAX_BYTES: usize = 512;
/// What is shown of one, so that two can be told apart.
const SHOWN_CHARS: usize = 4;

/// What the operator wants of the secrets, which stand in the order in which they were added.
#[derive(Clone, Debug)]
pub enum WebhookSecretChange {
    Add(SecretString),
    DropOlder,
    DropNewer,
}

/// Why the secrets stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSecretError {
    /// Its news are not signed, or with the key of its API.
    #[error("this gateway has no webhook secret that could be changed here")]
    NoneOfItsOwn,
    #[error("books of our own tell no news")]
    OurOwnBooks,
    #[error("there are two already: drop one first")]
    TwoAlready,
    #[error("this one is there already")]
    Known,
    #[error("this is the only one: without it all news would be refused")]
    OnlyOne,
    #[error("a webhook secret is one word of {} to {} characters", SECRET_MIN_BYTES, SECRET_MAX_BYTES)]
    NotOne,
    /// By another command at the same moment.
    #[error("they were changed meanwhile: look at them, and try again")]
    Moved,
    #[error(transparent)]
    Engine(#[from] Error),
}

impl From<store::Error> for WebhookSecretError {
    fn from(cause: store::Error) -> Self {
        Self::Engine(cause.into())
    }
}

impl WebhookSecretChange {
    /// Makes the change, and answers what was done with which secret, as the operator's line has it.
    fn apply(self, secrets: &mut Vec<SecretString>) -> Result<(&'static str, String), WebhookSecretError> {
        match self {
            Self::Add(fresh) => {
                let word = fresh.expose_secret();
                let is_one = (SECRET_MIN_BYTES..=SECRET_MAX_BYTES).contains(&word.len());
                if !is_one || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return Err(WebhookSecretError::NotOne);
                }
                if secrets.iter().any(|known| known.expose_secret() == word) {
                    return Err(WebhookSecretError::Known);
                }
                if secrets.len() >= AT_ONCE_MAX {
                    return Err(WebhookSecretError::TwoAlready);
                }
                let added = shown(&fresh);
                secrets.push(fresh);
                Ok(("add webhook secret", added))
            }
            Self::DropOlder | Self::DropNewer if secrets.len() < AT_ONCE_MAX => Err(WebhookSecretError::OnlyOne),
            Self::DropOlder => Ok(("drop webhook secret", shown(&secrets.remove(0)))),
            Self::DropNewer => Ok(("drop webhook secret", shown(&secrets.remove(secrets.len() - 1)))),
        }
    }
}

impl Engine {
    /// The secrets that news of this merchant's gateway may be signed with, the oldest first and each by its last
    /// characters, after the change.
    ///
    /// # Errors
    /// Nothing has changed then. [`Error::NotFound`] when there is no such merchant, [`Error::NotSetUp`] when it has no
    /// gateway.
    pub async fn gateway_webhook_secrets(
        &self,
        named: &str,
        change: Option<WebhookSecretChange>,
    ) -> Result<Vec<String>, WebhookSecretError> {
        let db = self.merchant_named(named).await?;
        let connection = db.connection_of_kind("gateway").await?.ok_or(Error::NotSetUp)?;
        let Some(mut secret) = gateway_secret(&db, &connection)? else {
            return Err(WebhookSecretError::NoneOfItsOwn);
        };
        let Some(secrets) = secret.webhook_secrets() else { return Err(WebhookSecretError::NoneOfItsOwn) };
        let done = change.map(|change| change.apply(secrets)).transpose()?;
        let standing = secrets.iter().map(shown).collect();
        if let Some(done) = done {
            self.keep_secret(&db, &connection, &secret.to_json(), done).await?;
        }
        Ok(standing)
    }

    /// The address that news of this merchant's books come to, and the secrets that they may be signed with, as above. Without
    /// one, all are refused.
    ///
    /// # Errors
    /// Nothing has changed then. As above, and [`WebhookSecretError::Moved`] also when a token was refreshed meanwhile.
    pub async fn books_webhook_secrets(
        &self,
        named: &str,
        change: Option<WebhookSecretChange>,
    ) -> Result<(String, Vec<String>), WebhookSecretError> {
        let db = self.merchant_named(named).await?;
        let connection = db.connection_of_kind("books").await?.ok_or(Error::NotSetUp)?;
        let mut secret = books_secret(&db, &connection)?.ok_or(WebhookSecretError::OurOwnBooks)?;
        let done = change.map(|change| change.apply(&mut secret.webhook_secrets)).transpose()?;
        if let Some(done) = done {
            self.keep_secret(&db, &connection, &secret.to_json(), done).await?;
        }
        Ok((self.news_address(&connection), secret.webhook_secrets.iter().map(shown).collect()))
    }

    async fn keep_secret(
        &self,
        db: &MerchantDb,
        connection: &Connection,
        secret: &SecretString,
        (action, which): (&str, String),
    ) -> Result<(), WebhookSecretError> {
        let tx = db.begin().await?;
        if !tx.connection_secret_replace(connection.id, connection.secret_version, secret).await? {
            return Err(WebhookSecretError::Moved);
        }
        tx.audit_operator(action, &which, self.now()).await?;
        tx.commit().await?;
        self.forget_set_up(db.merchant_id());
        Ok(())
    }
}

/// What may be seen of a secret: it is ASCII, or came with the connection.
fn shown(secret: &SecretString) -> String {
    let chars: Vec<char> = secret.expose_secret().chars().collect();
    let end: String = chars[chars.len().saturating_sub(SHOWN_CHARS)..].iter().collect();
    format!("…{end}")
}

#[cfg(test)]
mod tests {
    use super::{WebhookSecretChange as Change, *};

    const FIRST: &str = "whsec_first_0000000001";
    const SECOND: &str = "whsec_second_000000002";
    const THIRD: &str = "whsec_third_0000000003";

    /// What stands after a change of `from`, or why nothing was changed.
    fn after(from: &[&str], change: Change) -> Result<Vec<String>, String> {
        let mut secrets: Vec<SecretString> = from.iter().map(|text| SecretString::from(*text)).collect();
        let done = change.apply(&mut secrets);
        let left: Vec<String> = secrets.iter().map(|secret| secret.expose_secret().to_owned()).collect();
        match done {
            Ok(_) => Ok(left),
            Err(why) => {
                assert_eq!(left, from, "what is refused changes nothing");
                Err(why.to_string())
            }
        }
    }

    #[test]
    fn d6_two_secrets_at_most_and_never_none() {
        let add = |text: &str| Change::Add(SecretString::from(text));
        let standing = |texts: &[&str]| -> Result<Vec<String>, String> {
            Ok(texts.iter().map(|text| (*text).to_owned()).collect())
        };
        let refused = |why: WebhookSecretError| -> Result<Vec<String>, String> { Err(why.to_string()) };
        for (from, change, to) in [
            (&[FIRST][..], add(SECOND), standing(&[FIRST, SECOND])),
            (&[FIRST, SECOND], Change::DropOlder, standing(&[SECOND])),
            (&[FIRST, SECOND], Change::DropNewer, standing(&[FIRST])),
            (&[FIRST, SECOND], add(THIRD), refused(WebhookSecretError::TwoAlready)),
            (&[FIRST, SECOND], add(SECOND), refused(WebhookSecretError::Known)),
            (&[FIRST], add(FIRST), refused(WebhookSecretError::Known)),
            (&[FIRST], Change::DropOlder, refused(WebhookSecretError::OnlyOne)),
            (&[FIRST], Change::DropNewer, refused(WebhookSecretError::OnlyOne)),
            (&[FIRST], add(""), refused(WebhookSecretError::NotOne)),
            (&[FIRST], add("whsec_short"), refused(WebhookSecretError::NotOne)),
            (&[FIRST], add("two words of a file"), refused(WebhookSecretError::NotOne)),
            (&[FIRST], add(&"x".repeat(513)), refused(WebhookSecretError::NotOne)),
        ] {
            assert_eq!(after(from, change.clone()), to, "{change:?}");
        }
    }

    #[test]
    fn of_a_secret_its_end_alone_is_shown() {
        assert_eq!(shown(&FIRST.into()), "…0001");
        assert!(!format!("{:?}", Change::Add(FIRST.into())).contains("first"));
        let mut secrets = vec![FIRST.into()];
        let done = Change::Add(SECOND.into()).apply(&mut secrets).expect("it is taken");
        assert_eq!(done, ("add webhook secret", "…0002".to_owned()));
    }
}
