// Intuit's own OAuth SDK as the judge of the QuickBooks Online simulator, for tokens, and for calls of its API. There is no
// official client of the API itself.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { startSimulators } from './simulators.mjs';

const OAuthClient = createRequire(import.meta.url)('intuit-oauth');
const REDIRECT = 'http://localhost:3000/callback';
const CLEARING = '92';
const ITEM = '12';

let simulators;
let theirs;
let client;

before(async () => {
  simulators = await startSimulators();
  theirs = (await (await fetch(`${simulators.url}/demo.json`)).json()).vendors.qbo;
  OAuthClient.authorizeEndpoint = `${simulators.url}/qbo/connect/oauth2`;
  OAuthClient.tokenEndpoint = `${simulators.url}/qbo/oauth2/v1/tokens/bearer`;
  OAuthClient.revokeEndpoint = `${simulators.url}/qbo/v2/oauth2/tokens/revoke`;
  client = new OAuthClient({
    clientId: theirs.client_id, clientSecret: theirs.client_secret, environment: 'sandbox', redirectUri: REDIRECT,
    includeRefreshTokenHardExpiresIn: true,
  });
  await client.refreshUsingToken(theirs.refresh_token);
});

after(() => simulators?.stop());

const address = (path) => `${simulators.url}/qbo/v3/company/${theirs.realm_id}/${path}`;
const read = async (path) => (await client.makeApiCall({ url: address(path), params: { minorversion: 75 } })).json;
const write = async (path, body, params = {}) =>
  (await client.makeApiCall({ url: address(path), method: 'POST', body, params: { minorversion: 75, ...params } })).json;
const select = async (statement) => {
  const text = { 'Content-Type': 'application/text' };
  return (await client.makeApiCall({ url: address('query'), method: 'POST', body: statement, headers: text })).json.QueryResponse;
};
const sale = (more = {}) => ({
  CustomerRef: { value: '58', name: '' },
  Line: [{ Amount: 1250, DetailType: 'SalesItemLineDetail', SalesItemLineDetail: {
    ItemRef: { value: ITEM }, Qty: 1, UnitPrice: 1250, TaxCodeRef: { value: 'NON' }, ClassRef: { value: '1' } } }],
  ...more,
});
const raise = async () => (await write('invoice', sale())).Invoice;
const paymentOf = (invoice, amount) => ({
  CustomerRef: invoice.CustomerRef, TotalAmt: amount, DepositToAccountRef: { value: CLEARING }, PaymentRefNum: 'ch_1',
  Line: [{ Amount: amount, LinkedTxn: [{ TxnId: invoice.Id, TxnType: 'Invoice', TxnLineId: 0 }] }],
});
const fault = (code) => (error) => {
  assert.equal(error.name, 'OAuthError');
  assert.equal(error.fault.errors[0].code, code);
  assert.ok(error.intuitTid.startsWith('1-'));
  return true;
};

test('an invoice is raised, paid and voided, and a request id replays', async () => {
  const requestid = `sdk-${Date.now()}`;
  const [first, again] = [await write('invoice', sale(), { requestid }), await write('invoice', sale(), { requestId: requestid })];
  assert.equal(again.Invoice.Id, first.Invoice.Id);
  await assert.rejects(write('invoice', sale({ PrivateNote: 'other' }), { requestid }), fault('600'));
  const invoice = first.Invoice;
  assert.equal(invoice.Line[0].SalesItemLineDetail.ClassRef.name, 'Managed services');
  const { Payment } = await write('payment', paymentOf(invoice, 1250));
  assert.equal(Payment.UnappliedAmt, 0);
  assert.equal((await read(`invoice/${invoice.Id}`)).Invoice.Balance, 0);
  const voided = { Id: Payment.Id, SyncToken: Payment.SyncToken, sparse: true };
  const gone = (await write('payment', voided, { operation: 'update', include: 'void' })).Payment;
  assert.match(gone.PrivateNote, /^Voided/);
  const open = (await read(`invoice/${invoice.Id}`)).Invoice;
  assert.equal(open.Balance, 1250);
  await write('invoice', { Id: open.Id, SyncToken: open.SyncToken }, { operation: 'void' });
  assert.equal((await read(`invoice/${invoice.Id}`)).Invoice.TotalAmt, 0);
});

test('queries are posted as text, in any letter case', async () => {
  const open = await select("SELECT * FROM Invoice WHERE Balance > '0' ORDERBY TxnDate DESC STARTPOSITION 1 MAXRESULTS 5");
  assert.equal(open.Invoice.length, 5);
  const counted = await select("select count(*) from invoice where balance > '0'");
  assert.ok(counted.totalCount >= 5);
  assert.equal((await select("select * from customer where displayname like '%solicitors'")).Customer[0].DisplayName, 'Wattle & Co Solicitors');
  assert.deepEqual((await select('select * from Class')).Class.map((known) => known.Name), ['Managed services', 'Projects']);
  assert.deepEqual(await select("select * from Invoice where DocNumber = 'none'"), {});
  const byGet = await read(`query?query=${encodeURIComponent("select * from Item where Name = 'Hardware'")}`);
  assert.equal(byGet.QueryResponse.Item[0].Name, 'Hardware');
  for (const path of [`companyinfo/${theirs.realm_id}`, 'preferences', 'account/92', 'taxcode/2', 'item/12', 'class/1', 'customer/58']) {
    assert.equal(Object.keys(await read(path)).length, 2, path);
  }
});

test('a stale version, a duplicate name and a deposit are refused by their codes', async () => {
  const invoice = await raise();
  const note = (SyncToken, PrivateNote) => ({ Id: invoice.Id, SyncToken, PrivateNote, sparse: true });
  const noted = (await write('invoice', note(invoice.SyncToken, 'first'))).Invoice;
  assert.equal(noted.TotalAmt, 1250);
  await assert.rejects(write('invoice', note(invoice.SyncToken, 'second')), fault('5010'));
  await assert.rejects(write('customer', { DisplayName: 'Coral Bay Diving' }), fault('6240'));
  const { Payment } = await write('payment', paymentOf(invoice, 10));
  await simulators.control('qbo/payment', { id: Payment.Id, deposited: true });
  const now = (await read(`payment/${Payment.Id}`)).Payment;
  await assert.rejects(write('payment', { Id: now.Id, SyncToken: now.SyncToken }, { operation: 'delete' }), fault('6540'));
});

test('changes tell of what was deleted, and a batch answers each item', async () => {
  const invoice = await raise();
  const gone = await write('invoice', { Id: invoice.Id, SyncToken: invoice.SyncToken }, { operation: 'delete' });
  assert.equal(gone.Invoice.status, 'Deleted');
  const since = encodeURIComponent(new Date(Date.now() - 60_000).toISOString());
  const [changed, none] = (await read(`cdc?entities=Invoice,Term&changedSince=${since}`)).CDCResponse[0].QueryResponse;
  assert.deepEqual([changed.Invoice.at(-1).Id, changed.Invoice.at(-1).status], [invoice.Id, 'Deleted']);
  assert.deepEqual(none, {});
  const late = encodeURIComponent(new Date(Date.now() - 31 * 86_400_000).toISOString());
  await assert.rejects(read(`cdc?entities=Invoice&changedSince=${late}`), fault('4001'));
  const items = [
    { bId: '1', operation: 'create', Customer: { DisplayName: `Batch ${Date.now()}` } },
    { bId: '2', Query: 'select * from Term' },
    { bId: '3', operation: 'create', Customer: { DisplayName: 'Coral Bay Diving' } },
  ];
  const { BatchItemResponse: answers } = await write('batch', { BatchItemRequest: items });
  assert.equal(answers[1].QueryResponse.Term.length, 3);
  assert.equal(answers[2].Fault.Error[0].code, '6240');
});

test('a PDF is bytes, and throttling is an error of its own', async () => {
  const invoice = await raise();
  const accept = { Accept: 'application/pdf' };
  const pdf = await client.makeApiCall({ url: address(`invoice/${invoice.Id}/pdf`), headers: accept, responseType: 'arraybuffer' });
  assert.equal(Buffer.from(pdf.json).subarray(0, 5).toString(), '%PDF-');
  await simulators.control('faults', { vendor: 'qbo', fault: 'http:429' });
  await assert.rejects(read('preferences'), { code: 'RATE_LIMIT_EXCEEDED' });
  await simulators.control('faults', { vendor: 'qbo', fault: 'http:503' });
  await assert.rejects(read('preferences'), { code: '503' });
});

// Last: the strangers' first grant ends by it.
test('consent, exchange, refresh and revocation', async () => {
  const asked = client.authorizeUri({ scope: [OAuthClient.scopes.Accounting], state: 's1' });
  const consented = await fetch(`${asked}&consent=allow`, { redirect: 'manual' });
  const created = await client.createToken(consented.headers.get('location'));
  assert.equal(client.getToken().realmId, theirs.realm_id);
  assert.ok(client.isAccessTokenValid());
  assert.ok(created.json.x_refresh_token_hard_expires_in > created.json.x_refresh_token_expires_in);
  assert.ok(created.getIntuitTid().startsWith('1-'));
  const refreshed = await client.refresh();
  assert.equal(refreshed.json.refresh_token, created.json.refresh_token, 'which does not change on every call');
  assert.notEqual(refreshed.json.access_token, created.json.access_token);
  await assert.rejects(client.createToken(consented.headers.get('location')), { error: 'invalid_grant' });

  await client.refreshUsingToken(created.json.refresh_token);
  const { access_token, refresh_token } = client.getToken();
  await client.revoke({ refresh_token });
  client.setToken({ access_token });
  await assert.rejects(read('preferences'), { code: '401' });
  await assert.rejects(client.refreshUsingToken(refresh_token), { error: 'invalid_grant' });
});
