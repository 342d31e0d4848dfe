//! What can be an e-mail address: enough to catch slips, because only a mail that arrives proves one.

pub const EMAIL_MAX_CHARS: usize = 254;

/// `public/pay.js` has the same rule, so that nobody is sent back for an address.
#[must_use]
pub fn looks_like_email(text: &str) -> bool {
    let text = text.trim();
    let plausible = |(local, domain): (&str, &str)| {
        !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
    };
    text.chars().count() <= EMAIL_MAX_CHARS
        && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',' || c == ';')
        && text.rsplit_once('@').is_some_and(plausible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_cannot_receive_a_receipt_are_refused() {
        for good in ["a@b.co", " ana+x@acme.test ", "ünï@exämple.org"] {
            assert!(looks_like_email(good), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.co", "a@.co", "a@b.", "a b@c.de", "a@b.co,c@d.ef", "a@b.co\r\nBcc: x@y.z"] {
            assert!(!looks_like_email(bad), "{bad}");
        }
    }
}
