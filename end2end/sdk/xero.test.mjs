// Xero's own SDK as the judge of the Xero simulator: what it cannot read, no real client of Xero could. It takes a minute's
// worth of calls of the strangers' app at most, for the simulator counts them as Xero does.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startSimulators } from './simulators.mjs';

const require = createRequire(import.meta.url);
const { XeroClient } = require('xero-node');
// The SDK's own copies: by the one it speaks HTTP, by the other OAuth.
const ofXero = createRequire(require.resolve('xero-node'));
const axios = ofXero('axios');
const { Issuer } = ofXero('openid-client');

const REDIRECT = 'http://localhost:3000/callback';
// Without `openid`, of which the simulator has no signing key: the SDK would ask Xero itself for it.
const SCOPES = [
  'offline_access', 'accounting.invoices', 'accounting.payments', 'accounting.contacts', 'accounting.settings.read', 'paymentservices',
];
const CLEARING = { code: '825' };

let simulators;
let client;
let api;
let tenant;
let theirs;

before(async () => {
  simulators = await startSimulators();
  theirs = (await (await fetch(`${simulators.url}/demo.json`)).json()).vendors.xero;
  tenant = theirs.tenant_id;
  // The SDK knows some of Xero's hosts by heart.
  axios.interceptors.request.use((request) => ({
    ...request,
    url: request.url.replace(/^https:\/\/(identity|api)\.xero\.com\//, `${simulators.url}/xero/`),
  }));
  client = new XeroClient({
    clientId: theirs.client_id,
    clientSecret: theirs.client_secret,
    redirectUris: [REDIRECT],
    scopes: SCOPES,
    state: 's1',
  });
  const issuer = new Issuer({
    issuer: 'https://identity.xero.com',
    authorization_endpoint: `${simulators.url}/xero/identity/connect/authorize`,
    token_endpoint: `${simulators.url}/xero/connect/token`,
    revocation_endpoint: `${simulators.url}/xero/connect/revocation`,
  });
  client.openIdClient = new issuer.Client({
    client_id: theirs.client_id,
    client_secret: theirs.client_secret,
    redirect_uris: [REDIRECT],
  });
  api = client.accountingApi;
  api.basePath = `${simulators.url}/xero/api.xro/2.0`;
  await client.refreshWithRefreshToken(theirs.client_id, theirs.client_secret, theirs.refresh_token);
});

after(() => simulators?.stop());

const open = async (number) => (await api.getInvoice(tenant, number)).body.invoices[0];

/** What the SDK rejects with is text: status, headers and body of the refusal. */
const refused = async (call) => {
  const told = await call.then(
    () => assert.fail('it was taken'),
    (error) => JSON.parse(error),
  );
  return told.response;
};

/** The sentences of a validation exception. */
const sentences = ({ body }) => body.Elements.flatMap((element) => element.ValidationErrors.map((said) => said.Message));

const key = (name) => `sdk-${name}-${Date.now()}`;

const contactOf = async (number) => ({ contactID: (await open(number)).contact.contactID });

const line = { description: 'Remote support', quantity: 3, unitAmount: 416.67, accountCode: '200' };

test('an invoice is raised for a contact, paid, un-paid, and found by every filter', async () => {
  const name = `Contoso ${Date.now()}`;
  const person = { firstName: 'Ana', lastName: 'Diaz', emailAddress: 'ana@contoso.example', includeInEmails: true };
  const contact = { name, contactNumber: `C-${Date.now()}`, emailAddress: 'ap@contoso.example', contactPersons: [person] };
  const [made] = (await api.createContacts(tenant, { contacts: [contact] }, true, key('contact'))).body.contacts;
  assert.equal(made.contactPersons[0].emailAddress, person.emailAddress);
  assert.equal(made.balances.accountsReceivable.outstanding, 0);
  const invoiceNumber = `SDK-${Date.now()}`;
  const draft = {
    type: 'ACCREC', status: 'AUTHORISED', invoiceNumber, contact: { contactID: made.contactID }, date: '2026-07-01',
    dueDate: '2026-07-15', lineAmountTypes: 'NoTax', lineItems: [line],
  };
  const raised = (await api.createInvoices(tenant, { invoices: [draft] }, true, 2, key('invoice'))).body.invoices[0];
  assert.equal(raised.total, 1250.01);
  assert.equal(raised.date.toISOString(), '2026-07-01T00:00:00.000Z');
  assert.ok(raised.updatedDateUTC instanceof Date);

  const payment = { invoice: { invoiceID: raised.invoiceID }, account: CLEARING, date: '2026-07-02', amount: 1250.01, reference: 'ch_1' };
  const paid = (await api.createPayments(tenant, { payments: [payment] }, true, key('payment'))).body.payments[0];
  assert.equal(paid.invoice.status, 'PAID');
  assert.equal(paid.paymentType, 'ACCRECPAYMENT');
  const list = await api.getInvoices(
    tenant, new Date(Date.now() - 600_000), 'Type=="ACCREC" AND AmountDue==0', 'UpdatedDateUTC DESC', [raised.invoiceID],
    [invoiceNumber], [made.contactID], ['PAID'], 1, false, true, 4, false, 10,
  );
  assert.deepEqual(list.body.invoices.map((found) => found.invoiceNumber), [invoiceNumber]);
  assert.equal(list.body.pagination.itemCount, 1);
  assert.equal(list.body.invoices[0].payments[0].paymentID, paid.paymentID);

  await api.deletePayment(tenant, paid.paymentID, { status: 'DELETED' }, key('delete'));
  assert.equal((await open(raised.invoiceID)).amountDue, 1250.01);
  await api.emailInvoice(tenant, raised.invoiceID, {}, key('mail'));
  assert.match((await api.getOnlineInvoice(tenant, raised.invoiceID)).body.onlineInvoices[0].onlineInvoiceUrl, /^http/);
});

test('lists have pages, and tell what changed since', async () => {
  const page = async (number) =>
    (await api.getInvoices(tenant, undefined, undefined, 'InvoiceNumber ASC', undefined, undefined, undefined, undefined, number, undefined, undefined, undefined, undefined, 200)).body;
  const [first, second] = [await page(1), await page(2)];
  assert.equal(first.invoices.length, 200);
  assert.equal(first.pagination.pageCount, 2);
  assert.equal(first.invoices.length + second.invoices.length, first.pagination.itemCount);
  const since = new Date(Date.now() + 3_600_000);
  assert.deepEqual((await api.getInvoices(tenant, since)).body.invoices, []);
  const contacts = (await api.getContacts(tenant, undefined, 'Name=="Acme Pty Ltd"', undefined, undefined, 1, false, true, undefined, 5)).body;
  assert.equal(contacts.contacts[0].contactNumber, 'ACME');
  assert.equal(contacts.pagination.pageSize, 5);
  assert.deepEqual((await api.getPrepayments(tenant)).body.prepayments, []);
});

test('notes, PDFs, branding themes and payment services', async () => {
  const invoice = await open('INV-501');
  await api.createInvoiceHistory(tenant, invoice.invoiceID, { historyRecords: [{ details: 'Paid by card' }] }, key('note'));
  const notes = (await api.getInvoiceHistory(tenant, invoice.invoiceID)).body.historyRecords;
  assert.ok(notes.some((note) => note.details === 'Paid by card'));
  const pdf = (await api.getInvoiceAsPdf(tenant, invoice.invoiceID)).body;
  assert.equal(Buffer.from(pdf).subarray(0, 5).toString(), '%PDF-');

  const [theme] = (await api.getBrandingThemes(tenant)).body.brandingThemes;
  const service = {
    paymentServiceName: `Portal ${Date.now()}`, paymentServiceUrl: 'https://pay.example.test/x?invoice=[INVOICENUMBER]', payNowText: 'Pay now',
  };
  const [made] = (await api.createPaymentService(tenant, { paymentServices: [service] }, key('service'))).body.paymentServices;
  assert.equal(made.paymentServiceType, 'Custom');
  const ids = { paymentServices: [{ paymentServiceID: made.paymentServiceID }] };
  await api.createBrandingThemePaymentServices(tenant, theme.brandingThemeID, ids, key('attach'));
  const listed = (await api.getPaymentServices(tenant)).body.paymentServices;
  assert.ok(listed.some((known) => known.paymentServiceID === made.paymentServiceID));
  assert.equal((await api.getOrganisations(tenant)).body.organisations[0].organisationID, tenant);
});

test('a credit note is raised, allocated, let go of, and read as a PDF', async () => {
  const creditNoteNumber = `CN-${Date.now()}`;
  const draft = {
    type: 'ACCRECCREDIT', status: 'AUTHORISED', creditNoteNumber, contact: await contactOf('INV-502'), date: '2026-07-01',
    lineAmountTypes: 'NoTax', lineItems: [{ ...line, quantity: 1, unitAmount: 100 }],
  };
  const [note] = (await api.createCreditNotes(tenant, { creditNotes: [draft] }, true, 2, key('note'))).body.creditNotes;
  assert.equal(note.remainingCredit, 100);
  const pdf = (await api.getCreditNoteAsPdf(tenant, note.creditNoteID)).body;
  assert.equal(Buffer.from(pdf).subarray(0, 5).toString(), '%PDF-');
  const owed = await open('INV-502');
  const part = { amount: 100, date: '2026-07-02', invoice: { invoiceID: owed.invoiceID } };
  const applied = await api.createCreditNoteAllocation(tenant, note.creditNoteID, { allocations: [part] }, true, key('apply'));
  assert.equal((await open('INV-502')).amountDue, owed.amountDue - 100);
  const { allocationID } = applied.body.allocations[0];
  const undone = await api.deleteCreditNoteAllocations(tenant, note.creditNoteID, allocationID);
  assert.equal(undone.body.isDeleted, true);
  assert.equal((await open('INV-502')).amountDue, owed.amountDue);
});

test('refusals are read: validation, missing, and a limit that was reached', async () => {
  const payment = { invoice: { invoiceNumber: 'INV-601' }, account: CLEARING, date: '2026-07-01', amount: 80.01 };
  const over = await refused(api.createPayment(tenant, payment, key('over')));
  assert.equal(over.statusCode, 400);
  assert.equal(over.body.Type, 'ValidationException');
  assert.deepEqual(sentences(over), ['Payment amount exceeds the amount outstanding on this document']);
  const each = (await api.createPayments(tenant, { payments: [payment] }, false, key('each'))).body.payments[0];
  assert.equal(each.statusAttributeString, 'ERROR');
  assert.match(each.validationErrors[0].message, /exceeds the amount outstanding/);
  assert.equal((await refused(api.getInvoice(tenant, 'NOBODY'))).statusCode, 404);
  assert.equal((await refused(api.getInvoice('22222222-2222-4333-8444-555555555555', 'INV-501'))).statusCode, 403);
  await simulators.control('faults', { vendor: 'xero', fault: 'throttled:day' });
  const busy = await refused(api.getInvoice(tenant, 'INV-501'));
  assert.equal(busy.statusCode, 429);
  assert.equal(busy.headers['x-rate-limit-problem'], 'day');
});

test('a key that is used again replays its answer, and takes no other request', async () => {
  const [idempotencyKey, name] = [key('twice'), `Twice ${Date.now()}`];
  const create = (contact) => api.createContacts(tenant, { contacts: [contact] }, true, idempotencyKey);
  const first = (await create({ name })).body.contacts[0];
  assert.equal((await create({ name })).body.contacts[0].contactID, first.contactID);
  const other = await refused(create({ name: 'Another' }));
  assert.equal(other.statusCode, 400);
  assert.match(other.body.Message, /used with a different request/);
});

test('a custom connection needs no consent', async () => {
  const custom = new XeroClient({
    clientId: theirs.client_id, clientSecret: theirs.client_secret, grantType: 'client_credentials', scopes: ['accounting.invoices'],
  });
  custom.accountingApi.basePath = api.basePath;
  const given = await custom.getClientCredentialsToken();
  assert.equal(given.refresh_token, undefined);
  assert.equal((await custom.accountingApi.getInvoice('', 'INV-501')).body.invoices[0].invoiceNumber, 'INV-501');
});

// Last: the strangers' first grant ends by it.
test('consent, exchange, rotation, connections and revocation', async () => {
  const asked = await client.buildConsentUrl();
  const consented = await fetch(`${asked}&consent=allow`, { redirect: 'manual' });
  const first = await client.apiCallback(consented.headers.get('location'));
  assert.equal(first.token_type, 'Bearer');
  assert.ok(first.expires_in > 1700);
  const [connection] = await client.updateTenants(false);
  assert.equal(connection.tenantId, tenant);
  assert.ok(!Number.isNaN(Date.parse(connection.updatedDateUtc)));
  const old = first.refresh_token;
  const second = await client.refreshToken();
  assert.notEqual(second.refresh_token, old);
  const again = await client.refreshWithRefreshToken(theirs.client_id, theirs.client_secret, old);
  assert.notEqual(again.refresh_token, second.refresh_token, 'the old one has half an hour left');
  await client.disconnect(connection.id);
  assert.equal((await refused(api.getInvoice(tenant, 'INV-501'))).statusCode, 403);
  await client.revokeToken();
  await assert.rejects(
    client.refreshWithRefreshToken(theirs.client_id, theirs.client_secret, again.refresh_token),
    (error) => error.response.status === 400 && error.response.data.error === 'invalid_grant',
  );
});
