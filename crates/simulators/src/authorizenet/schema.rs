//! The order and shape that the vendor's schema asks of a request, and its words when one errs. Facts alone, no money.
//! Source: `wire/gateways.md`, 3.2, and the official Node SDK's classes for the members that 3.2 leaves out.
//!
//! How a type is written: members in their order; `!` required, `[]` several, `:type` a type of its own, `#20` at most
//! 20 characters, `=d` a decimal, `=i` an integer, `=b` a boolean. A type that begins with `|` takes one of its members.

use super::refusal::Refusal;
use super::reply::NAMESPACE;
use super::tree::{Content, Node};

const TYPES: &[(&str, &str)] = &[
    ("createTransactionRequest", "transactionRequest:transaction!"),
    ("getTransactionDetailsRequest", "transId!"),
    ("getUnsettledTransactionListRequest", "status sorting:sorting paging:paging"),
    ("getSettledBatchListRequest", "includeStatistics=b firstSettlementDate lastSettlementDate"),
    ("getBatchStatisticsRequest", "batchId!"),
    ("getTransactionListRequest", "batchId sorting:sorting paging:paging"),
    (
        "getTransactionListForCustomerRequest",
        "customerProfileId! customerPaymentProfileId sorting:sorting paging:paging",
    ),
    ("getMerchantDetailsRequest", ""),
    ("authenticateTestRequest", ""),
    ("updateHeldTransactionRequest", "heldTransactionRequest:heldTransaction!"),
    ("createCustomerProfileRequest", "profile:customerProfile! validationMode"),
    ("createCustomerPaymentProfileRequest", "customerProfileId! paymentProfile:paymentProfile! validationMode"),
    (
        "createCustomerProfileFromTransactionRequest",
        "transId! customer:customerBase customerProfileId defaultPaymentProfile=b defaultShippingAddress=b profileType",
    ),
    (
        "getCustomerProfileRequest",
        "customerProfileId merchantCustomerId#20 email unmaskExpirationDate=b includeIssuerInfo=b",
    ),
    (
        "getCustomerPaymentProfileRequest",
        "customerProfileId! customerPaymentProfileId unmaskExpirationDate=b includeIssuerInfo=b",
    ),
    ("getCustomerProfileIdsRequest", ""),
    ("updateCustomerPaymentProfileRequest", "customerProfileId! paymentProfile:paymentProfileEx! validationMode"),
    ("deleteCustomerPaymentProfileRequest", "customerProfileId! customerPaymentProfileId!"),
    ("deleteCustomerProfileRequest", "customerProfileId!"),
    (
        "validateCustomerPaymentProfileRequest",
        "customerProfileId! customerPaymentProfileId! customerShippingAddressId cardCode validationMode!",
    ),
    ("getHostedPaymentPageRequest", "transactionRequest:transaction! hostedPaymentSettings:settings"),
    ("getHostedProfilePageRequest", "customerProfileId! hostedProfileSettings:settings"),
    ("securePaymentContainerRequest", "data:containerData!"),
    (
        "merchantAuthentication",
        "name transactionKey sessionToken password impersonationAuthentication fingerPrint clientKey accessToken \
         mobileDeviceId",
    ),
    (
        "transaction",
        "transactionType! amount=d currencyCode payment:payment profile:profile solution:solution callId \
         terminalNumber authCode refTransId splitTenderId order:order lineItems:lineItems tax:extendedAmount \
         duty:extendedAmount shipping:extendedAmount taxExempt=b poNumber#25 customer:customer billTo:address \
         shipTo:nameAndAddress customerIP cardholderAuthentication:cardholderAuthentication retail:retail employeeId \
         transactionSettings:settings userFields:userFields surcharge:extendedAmount merchantDescriptor \
         subMerchant:subMerchant tip:extendedAmount processingOptions:processingOptions \
         subsequentAuthInformation:subsequentAuthInformation otherTax:otherTax shipFrom:nameAndAddress \
         authorizationIndicatorType:authorizationIndicator",
    ),
    (
        "payment",
        "| creditCard:creditCard bankAccount:bankAccount trackData encryptedTrackData payPal opaqueData:opaqueData emv",
    ),
    (
        "creditCard",
        "cardNumber! expirationDate! cardCode isPaymentToken=b cryptogram tokenRequestorName tokenRequestorId \
         tokenRequestorEci",
    ),
    ("bankAccount", "accountType routingNumber! accountNumber! nameOnAccount#22! echeckType bankName#50 checkNumber"),
    ("opaqueData", "dataDescriptor! dataValue! dataKey expirationTimeStamp"),
    ("profile", "createProfile=b customerProfileId paymentProfile:chosenPaymentProfile shippingProfileId"),
    ("chosenPaymentProfile", "paymentProfileId! cardCode"),
    ("solution", "id! name vendorName"),
    (
        "order",
        "invoiceNumber#20 description#255 discountAmount=d taxIsAfterDiscount=b totalTaxTypeCode \
         purchaserVATRegistrationNumber merchantVATRegistrationNumber vatInvoiceReferenceNumber purchaserCode \
         summaryCommodityCode purchaseOrderDateUTC supplierOrderReference authorizedContactName cardAcceptorRefNumber \
         amexDataTAA1 amexDataTAA2 amexDataTAA3 amexDataTAA4",
    ),
    ("lineItems", "lineItem:lineItem[]"),
    (
        "lineItem",
        "itemId#31! name#31! description#255 quantity=d! unitPrice=d! taxable=b unitOfMeasure typeOfSupply taxRate=d \
         taxAmount=d nationalTax=d localTax=d vatRate=d alternateTaxId alternateTaxType alternateTaxTypeApplied \
         alternateTaxRate=d alternateTaxAmount=d totalAmount=d commodityCode productCode productSKU discountRate=d \
         discountAmount=d taxIncludedInTotal=b taxIsAfterDiscount=b",
    ),
    ("extendedAmount", "amount=d! name#31 description#255"),
    ("customer", "type id#20 email#255 driversLicense:driversLicense taxId"),
    ("driversLicense", "number! state! dateOfBirth!"),
    (
        "address",
        "firstName#50 lastName#50 company#50 address#60 city#40 state#40 zip#20 country#60 phoneNumber#25 faxNumber#25 \
         email#255",
    ),
    ("nameAndAddress", "firstName#50 lastName#50 company#50 address#60 city#40 state#40 zip#20 country#60"),
    ("cardholderAuthentication", "authenticationIndicator! cardholderAuthenticationValue!"),
    ("retail", "marketType deviceType customerSignature terminalNumber"),
    ("settings", "setting:setting[]"),
    ("setting", "settingName settingValue"),
    ("userFields", "userField:userField[]"),
    ("userField", "name value"),
    (
        "subMerchant",
        "identifier! doingBusinessAs paymentServiceProviderName paymentServiceFacilitator streetAddress phone email \
         postalCode city regionCode countryCode",
    ),
    ("processingOptions", "isFirstRecurringPayment=b isFirstSubsequentAuth=b isSubsequentAuth=b isStoredCredentials=b"),
    ("subsequentAuthInformation", "originalNetworkTransId originalAuthAmount=d reason"),
    (
        "otherTax",
        "nationalTaxAmount=d localTaxAmount=d alternateTaxAmount=d alternateTaxId vatTaxRate=d vatTaxAmount=d",
    ),
    ("authorizationIndicator", "authorizationIndicator"),
    ("sorting", "orderBy! orderDescending=b!"),
    ("paging", "limit=i! offset=i!"),
    ("heldTransaction", "action! refTransId!"),
    (
        "customerProfile",
        "merchantCustomerId#20 description#255 email#255 paymentProfiles:paymentProfile[] shipToList:address[] \
         profileType",
    ),
    ("customerBase", "merchantCustomerId#20 description#255 email#255"),
    (
        "paymentProfile",
        "customerType billTo:address payment:payment driversLicense:driversLicense taxId defaultPaymentProfile=b \
         subsequentAuthInformation:subsequentAuthInformation excludeFromAccountUpdater=b",
    ),
    (
        "paymentProfileEx",
        "customerType billTo:address payment:payment driversLicense:driversLicense taxId defaultPaymentProfile=b \
         subsequentAuthInformation:subsequentAuthInformation excludeFromAccountUpdater=b customerPaymentProfileId",
    ),
    ("containerData", "type! id! token:containerToken bankToken:bankAccount"),
    ("containerToken", "cardNumber! expirationDate! cardCode zip fullName"),
];

/// What stands at the head of every request.
const HEAD: &str = "merchantAuthentication:merchantAuthentication! clientId#30 refId#20";

struct Member<'a> {
    name: &'a str,
    required: bool,
    several: bool,
    kind: Option<&'a str>,
    chars_max: Option<usize>,
    scalar: Option<char>,
}

impl<'a> Member<'a> {
    fn read(spec: &'a str) -> Self {
        let required = spec.ends_with('!');
        let spec = spec.trim_end_matches('!');
        let several = spec.ends_with("[]");
        let spec = spec.trim_end_matches("[]");
        let (spec, kind) = spec.split_once(':').map_or((spec, None), |(spec, kind)| (spec, Some(kind)));
        let (spec, scalar) = spec.split_once('=').map_or((spec, None), |(spec, kind)| (spec, kind.chars().next()));
        let (name, chars_max) = spec.split_once('#').map_or((spec, None), |(name, max)| (name, max.parse().ok()));
        Self { name, required, several, kind, chars_max, scalar }
    }
}

fn members_of(kind: &str) -> Option<&'static str> {
    TYPES.iter().find(|(name, _)| *name == kind).map(|(_, members)| *members)
}

/// Checks a whole request against the schema, with the vendor's first complaint.
pub(crate) fn check(root: &Node) -> Result<(), Refusal> {
    let Some(own) = members_of(&root.name).filter(|_| root.name.ends_with("Request")) else {
        let message = format!("The '{NAMESPACE}:{}' element is not declared.", root.name);
        return Err(Refusal::schema(message));
    };
    check_members(root, &format!("{HEAD} {own}"))
}

fn check_members(node: &Node, spec: &str) -> Result<(), Refusal> {
    let (spec, choice) = spec.strip_prefix('|').map_or((spec, false), |spec| (spec, true));
    let members: Vec<Member<'_>> = spec.split_ascii_whitespace().map(Member::read).collect();
    if let Content::Text(text) = &node.content
        && !text.trim().is_empty()
    {
        let words = format!("{} cannot contain text.{}", element(&node.name), expected(&members));
        return Err(Refusal::schema(words));
    }
    let mut left = members.as_slice();
    let mut matched: Option<&Member<'_>> = None;
    for child in node.children() {
        let member = match matched.filter(|member| member.several && member.name == child.name) {
            Some(again) => again,
            None => {
                let reach = left.iter().position(|member| member.required).map_or(left.len(), |at| at + 1);
                let Some(at) = left[..reach].iter().position(|member| member.name == child.name) else {
                    let words = format!(
                        "{} has invalid child element '{}' in namespace '{NAMESPACE}'.{}",
                        element(&node.name),
                        child.name,
                        expected(&left[..reach])
                    );
                    return Err(Refusal::schema(words));
                };
                let member = &left[at];
                left = if choice { &[] } else { &left[at + 1..] };
                member
            }
        };
        check_member(child, member)?;
        matched = Some(member);
    }
    let missing = match choice {
        true if matched.is_none() => Some(members.len()),
        true => None,
        false => left.iter().position(|member| member.required).map(|at| at + 1),
    };
    match missing {
        Some(reach) => {
            let words = format!("{} has incomplete content.{}", element(&node.name), expected(&left[..reach]));
            Err(Refusal::schema(words))
        }
        None => Ok(()),
    }
}

fn check_member(child: &Node, member: &Member<'_>) -> Result<(), Refusal> {
    if let Some(kind) = member.kind {
        return members_of(kind).map_or(Ok(()), |spec| check_members(child, spec));
    }
    let Content::Text(text) = &child.content else { return Ok(()) };
    let invalid = |datatype: &str, why: String| {
        let words = format!(
            "The '{NAMESPACE}:{}' element is invalid - The value '{text}' is invalid according to its datatype \
             '{datatype}' - {why}",
            child.name
        );
        Err(Refusal::schema(words))
    };
    if member.chars_max.is_some_and(|max| text.chars().count() > max) {
        return invalid("String", "The actual length is greater than the MaxLength value.".to_owned());
    }
    let (right, datatype) = match member.scalar {
        Some('d') => (is_decimal(text), "Decimal"),
        Some('i') => (text.parse::<i32>().is_ok(), "Int"),
        Some('b') => (matches!(text.as_str(), "true" | "false" | "1" | "0"), "Boolean"),
        _ => (true, ""),
    };
    match right {
        true => Ok(()),
        false => invalid(datatype, format!("The string '{text}' is not a valid {datatype} value.")),
    }
}

/// Digits with at most one point, as `xs:decimal`; no exponent.
fn is_decimal(text: &str) -> bool {
    let digits = text.trim().trim_start_matches(['-', '+']);
    digits.chars().any(|c| c.is_ascii_digit())
        && digits.chars().filter(|c| *c == '.').count() <= 1
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
}

fn element(name: &str) -> String {
    format!("The element '{name}' in namespace '{NAMESPACE}'")
}

fn expected(members: &[Member<'_>]) -> String {
    if members.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = members.iter().map(|member| member.name).collect();
    format!(" List of possible elements expected: '{}' in namespace '{NAMESPACE}'.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::tree::from_json;
    use super::*;

    fn complaint(json: &str) -> String {
        check(&from_json(json).unwrap()).unwrap_err().text
    }

    fn charge(body: &str) -> String {
        format!(
            "{{\"createTransactionRequest\":{{\"merchantAuthentication\":{{\"name\":\"a\",\"transactionKey\":\"b\"}},{body}}}}}"
        )
    }

    /// The sentence of a public report of the same mistake (`wire/gateways.md`, 3.1).
    #[test]
    fn a_wrong_order_is_refused_in_the_vendors_words() {
        let json = charge(
            r#""refId":"123","transactionRequest":{"transactionType":"authCaptureTransaction","amount":"7.77",
            "payment":{"creditCard":{"cardNumber":"4111111111111111","expirationDate":"2022-03","cardCode":"123"}},
            "billTo":{"zip":"85308"},"order":{"invoiceNumber":"1231","description":"Some desc"}}"#,
        );
        assert_eq!(
            complaint(&json),
            "The element 'transactionRequest' in namespace 'AnetApi/xml/v1/schema/AnetApiSchema.xsd' has invalid child \
             element 'order' in namespace 'AnetApi/xml/v1/schema/AnetApiSchema.xsd'. List of possible elements \
             expected: 'shipTo, customerIP, cardholderAuthentication, retail, employeeId, transactionSettings, \
             userFields, surcharge, merchantDescriptor, subMerchant, tip, processingOptions, \
             subsequentAuthInformation, otherTax, shipFrom, authorizationIndicatorType' in namespace \
             'AnetApi/xml/v1/schema/AnetApiSchema.xsd'."
        );
    }

    #[test]
    fn the_list_ends_at_the_first_required_element() {
        let json = charge(
            r#""transactionRequest":{"transactionType":"authCaptureTransaction","amount":"1.00",
            "payment":{"bankAccount":{"accountNumber":"1","routingNumber":"2","nameOnAccount":"3"}}}"#,
        );
        assert!(complaint(&json).contains("List of possible elements expected: 'accountType, routingNumber' in"));
    }

    #[test]
    fn what_is_missing_or_twice_or_too_long_is_said() {
        let cases = [
            (r#""refId":"1""#, "has incomplete content. List of possible elements expected: 'transactionRequest'"),
            (
                r#""refId":"123456789012345678901","transactionRequest":{"transactionType":"voidTransaction"}"#,
                "The actual length is greater than the MaxLength value.",
            ),
            (
                r#""transactionRequest":{"transactionType":"a","amount":"1,00"}"#,
                "The string '1,00' is not a valid Decimal value.",
            ),
            (
                r#""transactionRequest":{"transactionType":"a","payment":{}}"#,
                "The element 'payment' in namespace 'AnetApi/xml/v1/schema/AnetApiSchema.xsd' has incomplete content.",
            ),
            (
                r#""transactionRequest":{"transactionType":"a","order":[{"invoiceNumber":"1"},{"invoiceNumber":"2"}]}"#,
                "has invalid child element 'order'",
            ),
            (r#""transactionRequest":"text""#, "cannot contain text."),
        ];
        for (body, words) in cases {
            let complaint = complaint(&charge(body));
            assert!(complaint.contains(words), "{complaint}");
        }
        assert!(complaint(r#"{"chargeRequest":{}}"#).contains("chargeRequest' element is not declared."));
        assert!(complaint(r#"{"transactionRequest":{}}"#).contains("is not declared."));
    }

    #[test]
    fn every_type_that_is_named_is_described() {
        for (name, members) in TYPES {
            for member in members.trim_start_matches('|').split_ascii_whitespace().map(Member::read) {
                assert!(member.kind.is_none_or(|kind| members_of(kind).is_some()), "{name}: {}", member.name);
            }
        }
    }
}
