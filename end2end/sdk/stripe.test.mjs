// Stripe's own SDK as the judge of the Stripe simulator: what it cannot read or verify, no real client of Stripe could.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import Stripe from 'stripe';
import { startSimulators } from './simulators.mjs';

const CONSENT = {
  customer_acceptance: {
    type: 'online',
    accepted_at: 1_790_000_000,
    online: { ip_address: '192.0.2.7', user_agent: 'Firefox' },
  },
};
const AMOUNT = { amount: 8000, currency: 'usd' };

let simulators;
let stripe;

before(async () => {
  simulators = await startSimulators();
  const demo = await (await fetch(`${simulators.url}/demo.json`)).json();
  const { hostname, port } = new URL(simulators.url);
  // The SDK knows hosts alone; the simulator's API stands below a folder of its own.
  const below = (url, init) => fetch(String(url).replace('/v1/', '/stripe/v1/'), init);
  stripe = new Stripe(demo.vendors.stripe.secret_key, {
    host: hostname,
    port,
    protocol: 'http',
    telemetry: false,
    maxNetworkRetries: 0,
    httpClient: Stripe.createFetchHttpClient(below),
  });
});

after(() => simulators?.stop());

const advance = (days) => simulators.control('advance', { days });
const pay = (method, more = {}, options) =>
  stripe.paymentIntents.create({ ...AMOUNT, payment_method: method, confirm: true, ...more }, options);
const debit = (method, more = {}) =>
  pay(method, { payment_method_types: ['us_bank_account'], mandate_data: CONSENT, ...more });
const read = (intent) => stripe.paymentIntents.retrieve(intent.id, { expand: ['latest_charge.balance_transaction'] });

test('a card pays, and a declined one is a card error', async () => {
  const paid = await pay('pm_card_visa', { expand: ['latest_charge'] });
  assert.equal(paid.status, 'succeeded');
  assert.equal(paid.latest_charge.payment_method_details.card.last4, '4242');
  await assert.rejects(pay('pm_card_chargeDeclinedInsufficientFunds'), (error) => {
    assert.ok(error instanceof Stripe.errors.StripeCardError);
    assert.equal(error.decline_code, 'insufficient_funds');
    assert.equal(error.payment_intent.status, 'requires_payment_method');
    return true;
  });
});

test('3-D Secure asks for the payer', async () => {
  const asked = await pay('pm_card_authenticationRequired', { return_url: 'http://127.0.0.1:3000/back' });
  assert.equal(asked.status, 'requires_action');
  const answer = await fetch(asked.next_action.redirect_to_url.url, {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'complete' }),
    redirect: 'manual',
  });
  assert.match(answer.headers.get('location'), /^http:\/\/127\.0\.0\.1:3000\/back\?.*redirect_status=succeeded$/);
  assert.equal((await read(asked)).status, 'succeeded');
});

test('a saved card is charged while the payer is away, unless its bank wants the payer', async () => {
  const customer = await stripe.customers.create({ name: 'Acme', email: 'ana@acme.test' });
  const save = (payment_method) =>
    stripe.setupIntents.create({ customer: customer.id, payment_method, usage: 'off_session', confirm: true });
  const saved = await save('pm_card_visa');
  assert.equal(saved.status, 'succeeded');
  const methods = await stripe.customers.listPaymentMethods(customer.id, { type: 'card' });
  assert.deepEqual(methods.data.map((method) => method.id), [saved.payment_method]);
  const away = { customer: customer.id, off_session: true };
  assert.equal((await pay(saved.payment_method, away)).status, 'succeeded');

  const asked = await save('pm_card_authenticationRequired');
  assert.equal(asked.status, 'requires_action');
  await fetch(asked.next_action.redirect_to_url.url, {
    method: 'POST',
    body: new URLSearchParams({ outcome: 'complete' }),
    redirect: 'manual',
  });
  await assert.rejects(pay(asked.payment_method, away), { type: 'StripeCardError', code: 'authentication_required' });
});

test('ACH debits clear, fail, and come back late', async () => {
  const [clears, fails, returns] = await Promise.all(
    ['success', 'insufficientFunds', 'dispute'].map((account) => debit(`pm_usBankAccount_${account}`)),
  );
  for (const sent of [clears, fails, returns]) assert.equal(sent.status, 'processing');
  await advance(6);
  const cleared = await read(clears);
  assert.equal(cleared.status, 'succeeded');
  assert.equal(cleared.latest_charge.balance_transaction.type, 'payment');
  assert.equal((await read(fails)).last_payment_error.code, 'insufficient_funds');
  assert.equal((await read(returns)).status, 'succeeded');
  await advance(6);
  const returned = await read(returns);
  assert.equal(returned.latest_charge.disputed, true);
  const disputes = await stripe.disputes.list({ payment_intent: returns.id });
  assert.equal(disputes.data[0].status, 'lost');
  const { mandate } = returned.latest_charge.payment_method_details.us_bank_account;
  assert.equal((await stripe.mandates.retrieve(mandate)).status, 'inactive');
});

test('a typed account is verified by micro-deposits', async () => {
  const method = await stripe.paymentMethods.create({
    type: 'us_bank_account',
    us_bank_account: { routing_number: '110000000', account_number: '000123456789', account_holder_type: 'company' },
    billing_details: { name: 'Ana Diaz' },
  });
  const asked = await debit(method.id);
  assert.equal(asked.next_action.type, 'verify_with_microdeposits');
  await assert.rejects(stripe.paymentIntents.verifyMicrodeposits(asked.id, { amounts: [1, 2] }), {
    code: 'payment_method_microdeposit_verification_amounts_mismatch',
  });
  const verified = await stripe.paymentIntents.verifyMicrodeposits(asked.id, { amounts: [32, 45] });
  assert.equal(verified.status, 'processing');
});

test('BECS debits lean on a mandate that the payer can read', async () => {
  const method = await stripe.paymentMethods.create({
    type: 'au_becs_debit',
    au_becs_debit: { bsb_number: '000000', account_number: '900123456' },
    billing_details: { name: 'Ana Diaz', email: 'ana@acme.test' },
  });
  const sent = await pay(method.id, {
    currency: 'aud',
    payment_method_types: ['au_becs_debit'],
    mandate_data: CONSENT,
    expand: ['latest_charge'],
  });
  assert.equal(sent.status, 'processing');
  const mandate = await stripe.mandates.retrieve(sent.latest_charge.payment_method_details.au_becs_debit.mandate);
  assert.equal(mandate.status, 'active');
  assert.ok((await fetch(mandate.payment_method_details.au_becs_debit.url)).ok);
  await simulators.control('advance', { hours: 1 });
  assert.equal((await read(sent)).status, 'succeeded');
});

test('refunds go up to what was charged', async () => {
  const paid = await pay('pm_card_visa');
  await stripe.refunds.create({ payment_intent: paid.id, amount: 3000 });
  await assert.rejects(stripe.refunds.create({ payment_intent: paid.id, amount: 5001 }), {
    type: 'StripeInvalidRequestError',
    param: 'amount',
  });
  assert.equal((await stripe.refunds.create({ payment_intent: paid.id })).amount, 5000);
  const refunds = [];
  for await (const refund of stripe.refunds.list({ payment_intent: paid.id, limit: 1 })) refunds.push(refund.amount);
  assert.deepEqual(refunds, [5000, 3000]);
});

test('a repeated key replays its answer, and takes no other request', async () => {
  const options = { idempotencyKey: `sdk-${Date.now()}` };
  const first = await pay('pm_card_visa', {}, options);
  assert.equal((await pay('pm_card_visa', {}, options)).id, first.id);
  await assert.rejects(pay('pm_card_visa', { amount: 9000 }, options), { type: 'StripeIdempotencyError' });
});

test('a disputed card can be won back', async () => {
  const paid = await pay('pm_card_createDispute');
  await simulators.control('advance', { hours: 1 });
  const [dispute] = (await stripe.disputes.list({ payment_intent: paid.id })).data;
  assert.equal(dispute.status, 'needs_response');
  await simulators.control('stripe/dispute', { charge: paid.latest_charge, outcome: 'won' });
  const closed = await stripe.disputes.retrieve(dispute.id);
  assert.equal(closed.status, 'won');
  assert.deepEqual(closed.balance_transactions.map((moved) => moved.amount), [-8000, 8000]);
});

test('the SDK verifies the webhooks, also while their secret is rotated', async () => {
  const inbox = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => (body += part));
    request.on('end', () => {
      inbox.push({ body, signature: request.headers['stripe-signature'] });
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${server.address().port}/`;
  const [old, fresh] = ['whsec_old', 'whsec_fresh'];
  // The simulator's clock has moved on; a tolerance of ten years takes that out of the judgement.
  const verify = ({ body, signature }, secret) =>
    stripe.webhooks.constructEvent(body, signature, secret, 10 * 366 * 86_400);
  const next = async () => {
    inbox.length = 0;
    await stripe.customers.create({ name: 'Acme' });
    for (let waited = 0; inbox.length === 0 && waited < 5000; waited += 20) {
      await new Promise((done) => setTimeout(done, 20));
    }
    return inbox[0];
  };
  try {
    await simulators.control('webhooks', { vendor: 'stripe', url, secret: old });
    assert.equal(verify(await next(), old).type, 'customer.created');
    await simulators.control('webhooks/rotate', { vendor: 'stripe', url, secret: fresh, overlap_hours: 1 });
    const both = await next();
    assert.equal(verify(both, old).id, verify(both, fresh).id);
    await simulators.control('advance', { hours: 2 });
    const one = await next();
    assert.equal(verify(one, fresh).type, 'customer.created');
    assert.throws(() => verify(one, old), Stripe.errors.StripeSignatureVerificationError);
  } finally {
    server.close();
    // The simulator keeps its connection open for the next event; the runner would wait for that.
    server.closeAllConnections();
  }
});
