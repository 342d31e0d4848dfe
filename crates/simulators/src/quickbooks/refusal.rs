//! QuickBooks' faults in both casings: the service's own, and those of the gateway before it. Source:
//! `wire/accounting.md`, 2.12; messages that it does not give are those of the vendor's list of codes.

use serde_json::{Value, json};

use super::kind::Kind;
use super::wire;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// `Fault`, from the service.
    Service {
        status: u16,
        kind: &'static str,
        code: &'static str,
        message: &'static str,
        detail: String,
        element: String,
    },
    /// `fault`, from the gateway: it never reached the service.
    Gateway { status: u16, kind: &'static str, code: &'static str, name: &'static str, detail: &'static str },
}

fn invalid(code: &'static str, message: &'static str, detail: impl Into<String>, element: &str) -> Refusal {
    let (detail, element) = (detail.into(), element.to_owned());
    Refusal::Service { status: 400, kind: "ValidationFault", code, message, detail, element }
}

impl Refusal {
    pub fn expired() -> Self {
        Self::Gateway {
            status: 401,
            kind: "AUTHENTICATION",
            code: "3200",
            name: "AuthenticationFailed",
            detail: "Token expired",
        }
    }

    pub fn unauthenticated() -> Self {
        Self::Gateway {
            status: 401,
            kind: "AUTHENTICATION",
            code: "3200",
            name: "AuthenticationFailed",
            detail: "Malformed bearer token: cannot be decoded",
        }
    }

    pub fn forbidden() -> Self {
        Self::Gateway {
            status: 403,
            kind: "AUTHORIZATION",
            code: "3100",
            name: "ApplicationAuthorizationFailed",
            detail: "The application is not authorised for this company",
        }
    }

    /// Without a time to come back at: clients wait a minute.
    pub fn throttled() -> Self {
        Self::Gateway {
            status: 429,
            kind: "SERVICE",
            code: "3001",
            name: "ThrottleExceeded",
            detail: "The request limit was reached",
        }
    }

    pub fn no_access() -> Self {
        let detail = "Authorization Failure : The user has no access to this company.".to_owned();
        let (code, message) = ("120", "Authorization Failure");
        Self::Service { status: 401, kind: "AuthorizationFault", code, message, detail, element: String::new() }
    }

    pub fn broken() -> Self {
        Self::failed(500)
    }

    /// A system fault, by 500 or 503.
    pub fn failed(status: u16) -> Self {
        let message = "An application error has occurred while processing your request";
        let detail = "System Failure Error: An application error has occurred while processing your request".to_owned();
        Self::Service { status, kind: "SystemFault", code: "10000", message, detail, element: String::new() }
    }

    pub fn subscription_ended() -> Self {
        let message = "Invalid Company Status";
        invalid("6190", message, "Subscription period has ended or canceled or there was a billing problem", "")
    }

    pub fn unsupported(what: &str) -> Self {
        invalid("500", "Unsupported Operation", format!("Operation {what} is not supported."), "")
    }

    pub fn duplicate_request(id: &str) -> Self {
        invalid(
            "600",
            "Duplicate Request Id",
            format!("The request id {id} was used for another request."),
            "requestid",
        )
    }

    pub fn not_found(what: &str) -> Self {
        let detail = "Object Not Found : Something you're trying to use has been made inactive. Check the fields with \
                      accounts, customers, items, vendors or employees.";
        invalid("610", "Object Not Found", detail, what)
    }

    pub fn not_linkable(detail: impl Into<String>) -> Self {
        invalid("620", "Transaction cannot be linked", detail, "LinkedTxn")
    }

    pub fn unreadable() -> Self {
        Self::property("failed to parse json object; a property specified")
    }

    pub fn property(name: &str) -> Self {
        let message = "Request has invalid or unsupported property";
        invalid("2010", message, format!("Property Name:{name} is unsupported or invalid"), name)
    }

    pub fn missing(name: &str) -> Self {
        let message = "Required param missing, need to supply the required value for the API";
        invalid("2020", message, format!("Required parameter {name} is missing in the request"), name)
    }

    pub fn length(name: &str, longest: usize, length: usize) -> Self {
        let detail = format!(
            "String length specified does not match the supported length. Min:0 Max:{longest} supported. Supplied \
             length:{length}"
        );
        invalid("2050", "String length is either shorter or longer than supported by specification", detail, name)
    }

    pub fn enumeration(name: &str, value: &str) -> Self {
        invalid(
            "2170",
            "Invalid Enumeration",
            format!("Property Name:{name}, the value {value} is not one of it"),
            name,
        )
    }

    pub fn number(name: &str, detail: &str) -> Self {
        invalid("2240", "Invalid Number", format!("Number is out of range : {detail}"), name)
    }

    pub fn reference(name: &str, kind: Kind, id: &str) -> Self {
        let detail = format!("Invalid Reference Id : {} element id {id} not found", kind.name());
        invalid("2500", "Invalid Reference Id", detail, name)
    }

    pub fn unparsed(detail: impl Into<String>) -> Self {
        let detail = format!("QueryParserError: {}", detail.into());
        invalid("4000", "Error parsing query", detail, "")
    }

    pub fn bad_query(detail: impl Into<String>) -> Self {
        let detail = format!("QueryValidationError: {}", detail.into());
        invalid("4001", "Invalid query", detail, "")
    }

    pub fn stale() -> Self {
        let detail = "Stale Object Error : You and portal were working on this at the same time. portal finished before \
                      you did, so your work was not saved.";
        invalid("5010", "Stale Object Error", detail, "")
    }

    pub fn business(detail: impl Into<String>) -> Self {
        let message = "A business validation error has occurred while processing your request";
        invalid("6000", message, format!("Business Validation Error: {}", detail.into()), "")
    }

    pub fn miscalculated(amount: &str) -> Self {
        let message = "Amount calculation incorrect in the request";
        let detail = format!("{message}: Amount is not equal to UnitPrice * Qty. Supplied value:{amount}");
        invalid("6070", message, detail, "Amount")
    }

    pub fn duplicate_number(number: &str, kind: Kind, id: u64) -> Self {
        let message = "Duplicate Document Number Error";
        let detail = format!(
            "{message} : You must specify a different number. This number has already been used. DocNumber={number} is \
             assigned to TxnType={} with TxnId={id}",
            kind.name()
        );
        invalid("6140", message, detail, "DocNumber")
    }

    pub fn closed_period() -> Self {
        let detail = "The account period has closed and the account books cannot be updated through the QBO Services API. \
                      Please use the QBO website to make these changes.";
        invalid("6210", "Account Period Closed, Cannot Update Through Services API", detail, "")
    }

    pub fn duplicate_name(id: u64) -> Self {
        invalid("6240", "Duplicate Name Exists Error", format!("The name supplied already exists. : Id={id}"), "")
    }

    pub fn deposited() -> Self {
        let message = "Deposited Transaction cannot be changed";
        let detail = format!(
            "{message} : This transaction has been deposited. If you want to change or delete it, you must edit the \
             deposit it appears on and remove it first."
        );
        invalid("6540", message, detail, "")
    }

    pub fn status(&self) -> u16 {
        match self {
            Self::Service { status, .. } | Self::Gateway { status, .. } => *status,
        }
    }

    /// The `Fault` alone, as an item of a batch has it.
    pub fn fault(&self) -> Value {
        match self {
            Self::Service { kind, code, message, detail, element, .. } => json!({
                "Error": [{ "Message": message, "Detail": detail, "code": code, "element": element }], "type": kind,
            }),
            Self::Gateway { status, kind, code, name, detail } => json!({
                "error": [{ "message": format!("message={name}; errorCode={code:0>6}; statusCode={status}"),
                    "detail": detail, "code": code, "element": null }],
                "type": kind,
            }),
        }
    }

    pub fn body(&self, now_ms: i64) -> Value {
        match self {
            Self::Service { .. } => json!({ "Fault": self.fault(), "time": wire::answer_time(now_ms) }),
            Self::Gateway { .. } => json!({ "warnings": null, "intuitObject": null, "fault": self.fault(),
                "report": null, "queryResponse": null }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_and_the_service_differ_in_case() {
        let gateway = Refusal::expired().body(0);
        let error = &gateway["fault"]["error"][0];
        assert_eq!(error["message"], "message=AuthenticationFailed; errorCode=003200; statusCode=401");
        assert_eq!((&error["code"], &gateway["fault"]["type"]), (&json!("3200"), &json!("AUTHENTICATION")));
        assert_eq!((&gateway["warnings"], &gateway["Fault"]), (&Value::Null, &Value::Null));
        let service = Refusal::stale().body(0);
        assert_eq!(
            (&service["Fault"]["Error"][0]["code"], &service["Fault"]["type"]),
            (&json!("5010"), &json!("ValidationFault"))
        );
        assert!(service["time"].is_string() && service["fault"].is_null());
    }
}
