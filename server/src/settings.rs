//! Settings: the environment, then `wisepay.toml`. Unknown keys are refused with the nearest known name; secrets never
//! print.

use engine::{BooksApp, BooksApps, KeyRing};
use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

const FILE: &str = "wisepay.toml";
/// Every setting, and what it is when nobody says.
const KNOWN: [(&str, Option<&str>); 16] = [
    ("WISEPAY_LISTEN", Some("127.0.0.1:3000")),
    ("WISEPAY_METRICS_LISTEN", Some("127.0.0.1:3001")),
    ("DATABASE_URL", Some("sqlite://data/wisepay.db")),
    ("WISEPAY_PUBLIC_URL", Some("http://127.0.0.1:3000")),
    ("WISEPAY_KEY_RING", None),
    ("WISEPAY_BRAND", Some("Wise-Pay")),
    ("SMTP_URL", None),
    ("WISEPAY_MAIL_FROM", Some("Wise-Pay <no-reply@localhost>")),
    ("WISEPAY_RATE_LIMITS", Some("on")),
    ("WISEPAY_TRUSTED_PROXIES", None),
    ("WISEPAY_PRIVATE_ENDPOINTS", Some("off")),
    ("WISEPAY_SIMULATORS_URL", None),
    ("WISEPAY_XERO_CLIENT_ID", None),
    ("WISEPAY_XERO_CLIENT_SECRET", None),
    ("WISEPAY_QUICKBOOKS_CLIENT_ID", None),
    ("WISEPAY_QUICKBOOKS_CLIENT_SECRET", None),
];
/// Read by parts that are no settings: the demo's folders and ports, tests, and the log filter.
const OTHERS: [&str; 7] = [
    "WISEPAY_CACHE",
    "WISEPAY_PROFILE",
    "WISEPAY_FAILPOINT",
    "WISEPAY_CLOCK_FILE",
    "WISEPAY_PLANTED",
    "WISEPAY_DATA_DIR",
    "WISEPAY_SIMULATORS_LISTEN",
];

#[derive(Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Where figures for whoever watches are read; none when that is off.
    pub metrics_listen: Option<SocketAddr>,
    /// With the password of whoever signs in there; [`Settings::database`] is for people.
    pub database_url: SecretString,
    pub public_url: String,
    pub key_ring: Option<KeyRing>,
    pub brand: String,
    pub smtp_url: Option<SecretString>,
    pub mail_from: String,
    pub rate_limits: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Merchants' events may be sent into private networks, and to this machine by plain http.
    pub private_endpoints: bool,
    /// Where the vendors' simulators are: `seed-demo` makes its connections there, and pages may load and frame what comes
    /// from there. The demo sets it by itself.
    pub simulators_url: Option<String>,
    /// The installation's apps at the vendors of books, by which merchants' staff connect theirs.
    pub xero_app: Option<BooksApp>,
    pub quickbooks_app: Option<BooksApp>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSettings {
    #[error("{0} is no setting; did you mean {1}?")]
    Unknown(String, &'static str),
    #[error("{0} cannot be read: {1}")]
    Unreadable(&'static str, String),
    #[error("{0} must be set; `wisepay check-config` prints a fresh value")]
    Missing(&'static str),
    #[error("{0} must be set where {1} is")]
    Half(&'static str, &'static str),
    #[error("WISEPAY_PUBLIC_URL is plain http on {0}, which is accepted for loopback alone: use https")]
    PlainHttp(String),
    #[error("WISEPAY_RATE_LIMITS=off is accepted on loopback alone, for load tests")]
    LimitsOff,
    #[error("{FILE} cannot be read: {0}")]
    File(String),
}

impl Settings {
    /// # Errors
    /// The first thing that is wrong, in words that name the setting.
    pub fn load() -> Result<Self, BadSettings> {
        let file =
            config::Config::builder().add_source(config::File::from(PathBuf::from(FILE)).required(false)).build();
        let file = file.and_then(config::Config::try_deserialize::<BTreeMap<String, String>>);
        let file = file.map_err(|e| BadSettings::File(e.to_string()))?;
        // The file's keys come back in lower case.
        let file = file.into_iter().map(|(key, value)| (key.to_uppercase(), value));
        Self::from_pairs(file.chain(std::env::vars()))
    }

    /// Later pairs win.
    ///
    /// # Errors
    /// The first thing that is wrong, in words that name the setting.
    pub fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, BadSettings> {
        let mut given = BTreeMap::new();
        for (key, value) in pairs {
            if KNOWN.iter().any(|(known, _)| *known == key) {
                given.insert(key, value);
            } else if key.starts_with("WISEPAY_") && !OTHERS.contains(&key.as_str()) {
                return Err(BadSettings::Unknown(key.clone(), nearest(&key)));
            }
        }
        let get = |name: &'static str| {
            let default =
                KNOWN.iter().find(|(known, _)| *known == name).and_then(|(_, default)| default.map(str::to_owned));
            given.get(name).cloned().filter(|value| !value.is_empty()).or(default)
        };
        let need = |name| get(name).ok_or(BadSettings::Missing(name));
        let app = |id, secret| match (get(id), get(secret)) {
            (None, None) => Ok(None),
            (Some(id), Some(secret)) => Ok(Some(BooksApp { id, secret: secret.into() })),
            (Some(_), None) => Err(BadSettings::Half(secret, id)),
            (None, Some(_)) => Err(BadSettings::Half(id, secret)),
        };
        let metrics_listen = match need("WISEPAY_METRICS_LISTEN")?.as_str() {
            "off" => None,
            listen => Some(address("WISEPAY_METRICS_LISTEN", listen)?),
        };
        let public_url = need("WISEPAY_PUBLIC_URL")?.trim_end_matches('/').to_owned();
        let key_ring = get("WISEPAY_KEY_RING").map(|text| text.parse()).transpose();
        let settings = Self {
            listen: address("WISEPAY_LISTEN", &need("WISEPAY_LISTEN")?)?,
            metrics_listen,
            database_url: need("DATABASE_URL")?.into(),
            key_ring: key_ring
                .map_err(|e: engine::BadKeyRing| BadSettings::Unreadable("WISEPAY_KEY_RING", e.to_string()))?,
            brand: need("WISEPAY_BRAND")?,
            smtp_url: get("SMTP_URL").map(SecretString::from),
            mail_from: need("WISEPAY_MAIL_FROM")?,
            rate_limits: is_on("WISEPAY_RATE_LIMITS", need)?,
            trusted_proxies: networks(&get("WISEPAY_TRUSTED_PROXIES").unwrap_or_default())?,
            private_endpoints: is_on("WISEPAY_PRIVATE_ENDPOINTS", need)?,
            simulators_url: get("WISEPAY_SIMULATORS_URL"),
            xero_app: app("WISEPAY_XERO_CLIENT_ID", "WISEPAY_XERO_CLIENT_SECRET")?,
            quickbooks_app: app("WISEPAY_QUICKBOOKS_CLIENT_ID", "WISEPAY_QUICKBOOKS_CLIENT_SECRET")?,
            public_url,
        };
        settings.check()
    }

    fn check(self) -> Result<Self, BadSettings> {
        if !self.rate_limits && !self.listen.ip().is_loopback() {
            return Err(BadSettings::LimitsOff);
        }
        let Some(rest) = self.public_url.strip_prefix("http://") else { return Ok(self) };
        let host = rest.split(['/', ':']).next().unwrap_or_default().to_owned();
        if ["127.0.0.1", "localhost"].contains(&host.as_str()) { Ok(self) } else { Err(BadSettings::PlainHttp(host)) }
    }

    /// Which database it is, without what opens it: a file, or scheme, host and name.
    #[must_use]
    pub fn database(&self) -> String {
        let text = self.database_url.expose_secret();
        if text.starts_with("sqlite:") {
            return text.to_owned();
        }
        let place = |url: http::Uri| {
            let (scheme, authority) = (url.scheme_str()?, url.authority()?);
            let port = authority.port().map(|port| format!(":{port}")).unwrap_or_default();
            // The rest of a password with a slash in it would pass for a path.
            let is_whole = text.matches('@').count() == authority.as_str().matches('@').count();
            is_whole.then(|| format!("{scheme}://{}{port}{}", authority.host(), url.path()))
        };
        text.parse().ok().and_then(place).unwrap_or_else(|| "[REDACTED]".into())
    }

    /// By which merchants' staff connect their books.
    #[must_use]
    pub fn books_apps(&self) -> BooksApps {
        let (xero, quickbooks) = (self.xero_app.clone(), self.quickbooks_app.clone());
        BooksApps { xero, quickbooks, simulators: self.simulators_url.clone() }
    }

    /// `__Host-` needs https; on loopback with plain http browsers would drop it.
    #[must_use]
    pub fn cookie_name(&self) -> &'static str {
        if self.public_url.starts_with("https://") { "__Host-wisepay_session" } else { "wisepay_session" }
    }
}

/// Where something listens.
fn address(name: &'static str, text: &str) -> Result<SocketAddr, BadSettings> {
    text.parse().map_err(|_| BadSettings::Unreadable(name, format!("{text} is no address with port")))
}

/// A switch: no other word counts as off.
fn is_on(name: &'static str, need: impl Fn(&'static str) -> Result<String, BadSettings>) -> Result<bool, BadSettings> {
    match need(name)?.as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => Err(BadSettings::Unreadable(name, format!("{other} is neither on nor off"))),
    }
}

/// Addresses and CIDR blocks, with commas between them.
fn networks(list: &str) -> Result<Vec<IpNet>, BadSettings> {
    let network = |text: &str| {
        let one = text.parse::<IpAddr>().map(IpNet::from);
        one.or_else(|_| text.parse()).map_err(|_| {
            let why = format!("{text} is neither an address nor a block like 10.0.0.0/8");
            BadSettings::Unreadable("WISEPAY_TRUSTED_PROXIES", why)
        })
    };
    list.split(',').map(str::trim).filter(|text| !text.is_empty()).map(network).collect()
}

/// The known name that the fewest slips lead away from.
fn nearest(key: &str) -> &'static str {
    let slips = |name: &&str| strsim::osa_distance(key, name);
    KNOWN.iter().map(|(name, _)| *name).min_by_key(slips).unwrap_or("WISEPAY_LISTEN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(pairs: &[(&str, &str)]) -> Result<Settings, BadSettings> {
        Settings::from_pairs(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn settings_have_defaults_and_the_last_word_wins() {
        let settings =
            load(&[("PATH", "/bin"), ("WISEPAY_BRAND", "A"), ("WISEPAY_BRAND", "B")]).expect("good settings");
        assert_eq!((settings.listen.port(), settings.brand.as_str(), settings.rate_limits), (3000, "B", true));
        assert_eq!(settings.cookie_name(), "wisepay_session");
        let https = load(&[("WISEPAY_PUBLIC_URL", "https://pay.example.com/")]).expect("good settings");
        assert_eq!(
            (https.public_url.as_str(), https.cookie_name()),
            ("https://pay.example.com", "__Host-wisepay_session")
        );
    }

    #[test]
    fn figures_are_read_at_an_address_of_their_own_or_nowhere() {
        let listens = |text: &str| load(&[("WISEPAY_METRICS_LISTEN", text)]).map(|settings| settings.metrics_listen);
        assert_eq!(listens(""), Ok(Some(SocketAddr::from(([127, 0, 0, 1], 3001)))));
        assert_eq!(listens("127.0.0.1:9100"), Ok(Some(SocketAddr::from(([127, 0, 0, 1], 9100)))));
        assert_eq!(listens("off"), Ok(None));
        assert!(matches!(listens("3001"), Err(BadSettings::Unreadable("WISEPAY_METRICS_LISTEN", _))));
    }

    #[test]
    fn proxies_are_addresses_and_blocks_and_nobody_by_default() {
        assert!(load(&[]).expect("good settings").trusted_proxies.is_empty());
        let listed = load(&[("WISEPAY_TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,2001:db8::/32 ,")]);
        let listed: Vec<_> = listed.expect("good settings").trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(listed, ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"]);
        for wrong in ["proxy.example", "10.0.0.0/33", "10.0.0.1:80"] {
            let refused = load(&[("WISEPAY_TRUSTED_PROXIES", wrong)]).expect_err(wrong);
            assert!(matches!(&refused, BadSettings::Unreadable("WISEPAY_TRUSTED_PROXIES", why) if why.contains(wrong)));
        }
    }

    #[test]
    fn a_wrong_setting_is_named_and_never_printed() {
        assert_eq!(
            load(&[("WISEPAY_LISTN", "x")]).expect_err("a typo"),
            BadSettings::Unknown("WISEPAY_LISTN".into(), "WISEPAY_LISTEN")
        );
        assert_eq!(
            load(&[("WISEPAY_PUBLIC_URL", "http://pay.example.com")]).expect_err("plain"),
            BadSettings::PlainHttp("pay.example.com".into())
        );
        let off = [("WISEPAY_RATE_LIMITS", "off"), ("WISEPAY_LISTEN", "0.0.0.0:3000")];
        assert_eq!(load(&off).expect_err("limits off"), BadSettings::LimitsOff);
        for switch in ["WISEPAY_RATE_LIMITS", "WISEPAY_PRIVATE_ENDPOINTS"] {
            let why = "true is neither on nor off".to_owned();
            assert_eq!(load(&[(switch, "true")]).expect_err("no switch"), BadSettings::Unreadable(switch, why));
        }
        assert!(
            matches!(load(&[("WISEPAY_KEY_RING", "secret")]), Err(BadSettings::Unreadable("WISEPAY_KEY_RING", why)) if !why.contains("secret"))
        );
    }

    #[test]
    fn an_app_has_an_id_and_a_secret_which_never_prints() {
        let (id, secret) = (("WISEPAY_XERO_CLIENT_ID", "client_1"), ("WISEPAY_XERO_CLIENT_SECRET", "hunter2"));
        let settings = load(&[id, secret]).expect("good settings");
        assert_eq!(settings.books_apps().xero.map(|app| app.id).as_deref(), Some("client_1"));
        assert!(settings.quickbooks_app.is_none() && !format!("{settings:?}").contains("hunter2"));
        for (half, missing) in [(id, secret.0), (secret, id.0)] {
            assert_eq!(load(&[half]).expect_err("half of it"), BadSettings::Half(missing, half.0));
        }
    }

    #[test]
    fn passwords_never_print_and_the_database_is_told_without() {
        let with = |database: &str| {
            let mail = "smtps://mailer:hunter2@mail.example";
            load(&[("DATABASE_URL", database), ("SMTP_URL", mail)]).expect("good settings")
        };
        for (url, told) in [
            ("postgres://u:hunter2@db.example:5433/wisepay?sslmode=require", "postgres://db.example:5433/wisepay"),
            ("postgres://u@db.example/wisepay?password=hunter2", "postgres://db.example/wisepay"),
            ("postgres://u:#hunter2@db.example/wisepay", "[REDACTED]"),
            ("postgres://u:x/hunter2@db.example/wisepay", "[REDACTED]"),
            ("sqlite://data/wisepay.db", "sqlite://data/wisepay.db"),
        ] {
            let settings = with(url);
            assert_eq!(settings.database(), told);
            assert!(!format!("{settings:?} {settings:#?}").contains("hunter2"), "{url}");
        }
    }
}
