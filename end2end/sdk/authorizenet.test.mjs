// The official Authorize.Net SDK against the simulator: what it sends is understood, what comes back it can read.
// Starts simulators of its own, or takes those that SIMULATORS_URL names; it moves their clock.
// The golden files hold the SDK's own bytes for the main requests; the adapter's tests hold its bytes against them.
// WRITE_GOLDEN=1 writes them anew.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { startSimulators } from "./simulators.mjs";

const { APIContracts: contracts, APIControllers: controllers } = createRequire(import.meta.url)("authorizenet");

let SIMULATORS;
let simulators;
const VISA = "4111111111111111";
let demo;
let counter = Date.now() % 1e9;

/** An invoice number that no earlier run used: the duplicate window remembers. */
const invoice = () => `SDK-${(counter += 1)}`;

/** Makes a contract object and calls its setters, in whatever order they are written here. */
const make = (name, members) => {
  const object = new contracts[name]();
  for (const [member, value] of Object.entries(members)) object[`set${member[0].toUpperCase()}${member.slice(1)}`](value);
  return object;
};

const authentication = ({ login, transaction_key }) => make("MerchantAuthenticationType", { name: login, transactionKey: transaction_key });

const send = (call, members, { url = `${SIMULATORS}/authorizenet/xml/v1/request.api`, account = demo.vendors.authorizenet } = {}) =>
  new Promise((resolve, reject) => {
    const request = make(`${call}Request`, { ...members, merchantAuthentication: authentication(account) });
    const controller = new controllers[`${call}Controller`](request.getJSON());
    controller.setEnvironment(url);
    // The SDK calls back on success alone; its error is looked for until then.
    const watch = setInterval(() => controller.getError() && done(reject, controller.getError()), 20);
    const done = (settle, value) => { clearInterval(watch); settle(value); };
    controller.execute(() => {
      const reply = controller.getResponse();
      const response = contracts[`${call}Response`];
      done(resolve, response ? new response(reply) : reply);
    });
  });

const payBy = {
  card: (number = VISA) => make("PaymentType", { creditCard: make("CreditCardType", { cardCode: "123", expirationDate: "2040-12", cardNumber: number }) }),
  nonce: (value) => make("PaymentType", { opaqueData: make("OpaqueDataType", { dataValue: value, dataDescriptor: "COMMON.ACCEPT.INAPP.PAYMENT" }) }),
  bank: ({ routing, account }) => make("PaymentType", { bankAccount: make("BankAccountType", { echeckType: "CCD", nameOnAccount: "Acme Pty Ltd", accountNumber: account, routingNumber: routing, accountType: "businessChecking" }) }),
};

const settings = (pairs) => make("ArrayOfSetting", { setting: Object.entries(pairs).map(([settingName, settingValue]) => make("SettingType", { settingValue, settingName })) });

const order = (invoiceNumber, description = "Invoice") => make("OrderType", { description, invoiceNumber });

/** Setters in a wrong order on purpose: the SDK sends the schema's. */
const charge = (members) => make("TransactionRequestType", { ...members, transactionType: members.transactionType ?? "authCaptureTransaction" });

const transact = (request, more = {}) => send("CreateTransaction", { transactionRequest: request, ...more });

const outcome = (reply) => {
  const response = reply.getTransactionResponse();
  const error = response.getErrors()?.getError()[0].getErrorCode();
  return [response.getResponseCode(), error ?? response.getMessages().getMessage()[0].getCode()];
};

const idOf = (reply) => reply.getTransactionResponse().getTransId();
const statusOf = async (transId) => (await send("GetTransactionDetails", { transId })).getTransaction().getTransactionStatus();

const control = async (path, body) => {
  const answer = await fetch(`${SIMULATORS}/control/${path}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  assert.equal(answer.status, 200);
};

before(async () => {
  simulators = await startSimulators();
  SIMULATORS = simulators.url;
  demo = await (await fetch(`${SIMULATORS}/demo.json`)).json();
});
after(() => simulators.stop());

describe("the official SDK", () => {
  test("reads the merchant and refuses a wrong key", async () => {
    const merchant = await send("GetMerchantDetails", {});
    assert.equal(merchant.getMessages().getResultCode(), "Ok");
    assert.equal(merchant.getPublicClientKey(), demo.vendors.authorizenet.client_key);
    const wrong = { ...demo.vendors.authorizenet, transaction_key: "wrong" };
    const refused = await send("AuthenticateTest", {}, { account: wrong });
    assert.equal(refused.getMessages().getMessage()[0].getCode(), "E00007");
  });

  test("charges a card, is declined, finds the charge by its refId, and voids it", async () => {
    const refId = "SDKREF00000000000001";
    const paid = await transact(charge({ order: order(invoice()), payment: payBy.card(), amount: "12.34" }), { refId });
    assert.deepEqual([paid.getRefId(), outcome(paid)], [refId, ["1", "1"]]);
    assert.equal(paid.getTransactionResponse().getAccountNumber(), "XXXX1111");
    const details = await send("GetTransactionDetails", { transId: idOf(paid) });
    assert.equal(details.getTransrefId(), refId);
    assert.equal(Number(details.getTransaction().getAuthAmount()), 12.34);
    const unsettled = await send("GetUnsettledTransactionList", {});
    assert.ok(unsettled.getTransactions().getTransaction().some((row) => row.getTransId() === idOf(paid)));
    const declined = await transact(charge({ payment: payBy.card(demo.cards.declined), amount: "12.34", order: order(invoice()) }));
    assert.deepEqual([outcome(declined), declined.getMessages().getMessage()[0].getCode()], [["2", "2"], "E00027"]);
    const voided = charge({ refTransId: idOf(paid), transactionType: "voidTransaction" });
    assert.deepEqual(outcome(await transact(voided)), ["1", "1"]);
    assert.deepEqual(outcome(await transact(voided)), ["1", "310"]);
  });

  test("charges a nonce once", async () => {
    const { login, client_key } = demo.vendors.authorizenet;
    const value = await nonce(login, client_key);
    const request = (number) => charge({ amount: "5.00", payment: payBy.nonce(value), order: order(number) });
    const number = invoice();
    assert.deepEqual(outcome(await transact(request(number))), ["1", "1"]);
    assert.equal((await transact(request(number))).getMessages().getMessage()[0].getCode(), "E00114");
  });

  test("is told of a duplicate, and of the original when it asked for a window", async () => {
    const number = invoice();
    const plain = () => charge({ amount: "9.00", order: order(number), payment: payBy.card() });
    const windowed = () => charge({ amount: "9.00", order: order(number), payment: payBy.card(), transactionSettings: settings({ duplicateWindow: "28800" }) });
    const first = await transact(windowed());
    const without = await transact(plain());
    assert.deepEqual([outcome(without), idOf(without)], [["3", "11"], "0"]);
    const again = await transact(windowed());
    assert.deepEqual([outcome(again), idOf(again)], [["3", "11"], idOf(first)]);
  });

  test("may refund only what has settled, and no more", async () => {
    const paid = await transact(charge({ amount: "30.00", payment: payBy.card(), order: order(invoice()) }));
    const masked = () => make("PaymentType", { creditCard: make("CreditCardType", { expirationDate: "XXXX", cardNumber: "1111" }) });
    const refund = (amount) => transact(charge({ refTransId: idOf(paid), amount, payment: masked(), transactionType: "refundTransaction", order: order(invoice()) }));
    assert.deepEqual(outcome(await refund("30.00")), ["3", "54"]);
    await control("advance", { days: 1 });
    assert.equal(await statusOf(idOf(paid)), "settledSuccessfully");
    assert.deepEqual(outcome(await refund("20.00")), ["1", "1"]);
    assert.deepEqual(outcome(await refund("20.00")), ["3", "55"]);
    const batches = await send("GetSettledBatchList", { includeStatistics: true });
    const batch = batches.getBatchList().getBatch().at(-1);
    assert.ok(batch.getStatistics().getStatistic()[0].getChargeCount() >= 1);
    const rows = await send("GetTransactionList", { batchId: batch.getBatchId(), paging: make("Paging", { offset: 1, limit: 1000 }) });
    assert.ok(rows.getTransactions().getTransaction().some((row) => row.getTransId() === idOf(paid)));
  });

  test("sees a bank debit clear and another come back", async () => {
    const { clears, late_return, fails } = demo.bank_accounts;
    const debit = async (account) => transact(charge({ amount: "350.00", payment: payBy.bank(account), order: order(invoice()) }));
    const [good, late, bad] = [await debit(clears), await debit(late_return), await debit(fails)];
    assert.deepEqual([outcome(good), outcome(late), outcome(bad)], [["1", "1"], ["1", "1"], ["2", "2"]]);
    await control("advance", { days: 5 });
    assert.equal(await statusOf(idOf(late)), "settledSuccessfully");
    await control("advance", { days: 6 });
    assert.equal(await statusOf(idOf(good)), "settledSuccessfully");
    const returned = (await send("GetTransactionDetails", { transId: idOf(late) })).getTransaction();
    assert.equal(returned.getTransactionStatus(), "returnedItem");
    assert.equal(returned.getReturnedItems().getReturnedItem()[0].getCode(), "R01");
  });

  test("stores a method, charges and deletes it", async () => {
    const merchantCustomerId = invoice();
    const stored = make("CustomerPaymentProfileType", { payment: payBy.card(), billTo: make("CustomerAddressType", { lastName: "Acme" }) });
    const profile = () => make("CustomerProfileType", { paymentProfiles: [stored], merchantCustomerId });
    const made = await send("CreateCustomerProfile", { profile: profile(), validationMode: "testMode" });
    const customerProfileId = made.getCustomerProfileId();
    const customerPaymentProfileId = String(made.getCustomerPaymentProfileIdList().getNumericString()[0]);
    const again = await send("CreateCustomerProfile", { profile: profile() });
    assert.equal(again.getMessages().getMessage()[0].getText(), `A duplicate record with ID ${customerProfileId} already exists.`);
    const chosen = make("CustomerProfilePaymentType", { customerProfileId, paymentProfile: make("PaymentProfile", { paymentProfileId: customerPaymentProfileId }) });
    assert.deepEqual(outcome(await transact(charge({ amount: "80.00", order: order(invoice()), profile: chosen }))), ["1", "1"]);
    const read = await send("GetCustomerProfile", { customerProfileId });
    assert.equal(read.getProfile().getPaymentProfiles()[0].getPayment().getCreditCard().getCardNumber(), "XXXX1111");
    const gone = await send("DeleteCustomerPaymentProfile", { customerProfileId, customerPaymentProfileId });
    assert.equal(gone.getMessages().getResultCode(), "Ok");
    assert.equal((await send("DeleteCustomerPaymentProfile", { customerProfileId, customerPaymentProfileId })).getMessages().getMessage()[0].getCode(), "E00040");
  });

  test("opens the hosted pages", async () => {
    const page = await send("GetHostedPaymentPage", {
      transactionRequest: charge({ amount: "10.00", order: order(invoice()) }),
      hostedPaymentSettings: settings({ hostedPaymentReturnOptions: JSON.stringify({ showReceipt: false, url: "http://127.0.0.1:3000/" }) }),
    });
    const shown = await fetch(`${SIMULATORS}/authorizenet/payment/payment`, { method: "POST", body: new URLSearchParams({ token: page.getToken() }) });
    assert.match(await shown.text(), /Card Number/);
  });
});

/** The call of Accept.js. */
const nonce = async (name, clientKey) => {
  const request = { securePaymentContainerRequest: { merchantAuthentication: { name, clientKey }, data: { type: "TOKEN", id: "1", token: { cardNumber: VISA, expirationDate: "122040" } } } };
  const answer = await fetch(`${SIMULATORS}/authorizenet/xml/v1/request.api`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(request) });
  return JSON.parse((await answer.text()).replace(/^\ufeff/, "")).opaqueData.dataValue;
};

/** Fixed values throughout, so that the bytes are the same on every machine. */
const FIXED = { login: "5KP3u95bQpv", transaction_key: "346HZ32z3fP4hTG2" };
const REF = "A1B2C3D4E5F6G7H8I9J0";
const window = () => settings({ duplicateWindow: "28800" });
const customer = () => make("CustomerDataType", { email: "ana@acme.test", id: "c1" });
const billTo = () => make("CustomerAddressType", { country: "US", zip: "98004", state: "WA", city: "Bellevue", address: "1 Main St", company: "Acme Pty Ltd", lastName: "Acme", firstName: "Ana" });
const stored = () => make("CustomerProfilePaymentType", { paymentProfile: make("PaymentProfile", { paymentProfileId: "502345678" }), customerProfileId: "901234567" });
const ACCOUNT = { routing: "121042882", account: "123456789" };

const GOLDEN = {
  "charge-nonce": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: settings({ duplicateWindow: "28800", allowPartialAuth: "false" }), order: order("INV-1", "d"), payment: payBy.nonce("eyJjb2RlIjoiNTBfMl8wNjAwMDUy"), currencyCode: "USD", amount: "12.34" }) }],
  "charge-nonce-zip": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: settings({ duplicateWindow: "28800", allowPartialAuth: "false" }), billTo: make("CustomerAddressType", { zip: "98004" }), order: order("INV-1", "d"), payment: payBy.nonce("eyJjb2RlIjoiNTBfMl8wNjAwMDUy"), currencyCode: "USD", amount: "12.34" }) }],
  "charge-nonce-full": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ processingOptions: make("ProcessingOptions", { isStoredCredentials: true }), surcharge: make("ExtendedAmountType", { description: "Card surcharge", name: "Surcharge", amount: "0.34" }), transactionSettings: window(), customerIP: "192.0.2.1", billTo: billTo(), customer: customer(), order: order("INV-1", "d"), payment: payBy.nonce("eyJjb2RlIjoiNTBfMl8wNjAwMDUy"), amount: "12.34", currencyCode: "USD" }) }],
  "charge-stored": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: window(), customer: customer(), order: order("INV-1", "d"), profile: stored(), amount: "12.34" }) }],
  "charge-bank": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: window(), order: order("INV-1", "d"), payment: payBy.bank(ACCOUNT), amount: "12.34" }) }],
  "void": () => ["CreateTransaction", { transactionRequest: charge({ refTransId: "60019392075", transactionType: "voidTransaction" }) }],
  "refund-card": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: window(), order: order("INV-1", "d"), refTransId: "60019392075", payment: make("PaymentType", { creditCard: make("CreditCardType", { expirationDate: "XXXX", cardNumber: "1111" }) }), amount: "5.00", transactionType: "refundTransaction" }) }],
  "refund-stored": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ transactionSettings: window(), order: order("INV-1", "d"), refTransId: "60019392075", profile: stored(), amount: "5.00", transactionType: "refundTransaction" }) }],
  "capture": () => ["CreateTransaction", { refId: REF, transactionRequest: charge({ refTransId: "60019392075", amount: "12.34", transactionType: "priorAuthCaptureTransaction" }) }],
  "details": () => ["GetTransactionDetails", { transId: "60019392075" }],
  "unsettled": () => ["GetUnsettledTransactionList", { paging: make("Paging", { offset: 1, limit: 1000 }), sorting: make("TransactionListSorting", { orderDescending: true, orderBy: "submitTimeUTC" }) }],
  "batches": () => ["GetSettledBatchList", { lastSettlementDate: "2026-07-31T00:00:00Z", firstSettlementDate: "2026-07-01T00:00:00Z", includeStatistics: true }],
  "batch": () => ["GetTransactionList", { paging: make("Paging", { offset: 1, limit: 1000 }), sorting: make("TransactionListSorting", { orderDescending: false, orderBy: "submitTimeUTC" }), batchId: "3990061" }],
  "merchant": () => ["GetMerchantDetails", {}],
  "authenticate": () => ["AuthenticateTest", {}],
  "profile-create": () => ["CreateCustomerProfile", { refId: REF, validationMode: "testMode", profile: make("CustomerProfileType", { paymentProfiles: [make("CustomerPaymentProfileType", { payment: payBy.nonce("eyJjb2RlIjoiNTBfMl8wNjAwMDUy"), billTo: billTo() })], email: "ana@acme.test", description: "Acme Pty Ltd", merchantCustomerId: "c1" }) }],
  "profile-add": () => ["CreateCustomerPaymentProfile", { refId: REF, validationMode: "testMode", paymentProfile: make("CustomerPaymentProfileType", { payment: payBy.nonce("eyJjb2RlIjoiNTBfMl8wNjAwMDUy"), billTo: billTo() }), customerProfileId: "901234567" }],
  "profile-from-transaction": () => ["CreateCustomerProfileFromTransaction", { refId: REF, customer: make("CustomerProfileBaseType", { email: "ana@acme.test", merchantCustomerId: "c1" }), transId: "60019392075" }],
  "profile-read": () => ["GetCustomerProfile", { customerProfileId: "901234567" }],
  "profile-method-read": () => ["GetCustomerPaymentProfile", { customerPaymentProfileId: "502345678", customerProfileId: "901234567" }],
  "profile-delete": () => ["DeleteCustomerProfile", { customerProfileId: "901234567" }],
  "profile-method-delete": () => ["DeleteCustomerPaymentProfile", { customerPaymentProfileId: "502345678", customerProfileId: "901234567" }],
  "hosted-payment": () => ["GetHostedPaymentPage", { refId: REF, hostedPaymentSettings: settings({ hostedPaymentReturnOptions: '{"showReceipt":false,"url":"https://pay.example.test/npe/result?a=1&b=2","urlText":"Continue","cancelUrl":"https://pay.example.test/npe","cancelUrlText":"Cancel"}', hostedPaymentPaymentOptions: '{"cardCodeRequired":true,"showCreditCard":true,"showBankAccount":false}' }), transactionRequest: charge({ order: order("INV-1", "d"), currencyCode: "USD", amount: "12.34" }) }],
  "hosted-profile": () => ["GetHostedProfilePage", { refId: REF, hostedProfileSettings: settings({ hostedProfileReturnUrl: "https://pay.example.test/methods" }), customerProfileId: "901234567" }],
};

describe("golden bytes", () => {
  /** What the SDK puts on the wire, read by a server that answers with the vendor's plainest reply. */
  const sent = ([call, members]) => new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => { body += chunk; });
      request.on("end", () => {
        response.setHeader("content-type", "application/json");
        response.end('{"messages":{"resultCode":"Ok","message":[{"code":"I00001","text":"Successful."}]}}');
        server.close();
        resolve(body);
      });
    });
    server.listen(0, "127.0.0.1", () => {
      send(call, members, { url: `http://127.0.0.1:${server.address().port}/`, account: FIXED }).catch(reject);
    });
  });

  for (const [name, request] of Object.entries(GOLDEN)) {
    const file = new URL(`golden/${name}.json`, import.meta.url);
    test(name, async () => {
      const bytes = await sent(request());
      if (process.env.WRITE_GOLDEN) await writeFile(file, bytes);
      assert.equal(bytes, await readFile(file, "utf8"));
      // The simulator must agree with the order: whatever it says, it is not about the schema.
      const answer = await fetch(`${SIMULATORS}/authorizenet/xml/v1/request.api`, { method: "POST", headers: { "content-type": "application/json" }, body: bytes });
      const reply = JSON.parse((await answer.text()).replace(/^\ufeff/, ""));
      assert.equal(reply.messages.message[0].code, "E00007", JSON.stringify(reply));
    });
  }
});
