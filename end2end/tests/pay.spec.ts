// A guest pays an invoice by the link in its e-mail. The card is typed into the gateway's own fields.
import { expect, test } from '@playwright/test';
import { arm, demo, enterCard, inBooks, northwind, payButton, payNowLink, reset, taken } from './support.ts';

/** The account of Northwind's books that card payments are posted to. */
const CLEARING_ACCOUNT = '825';

test.beforeEach(async () => {
  await reset();
});

test('@S46 @S50 a guest pays an invoice by its link, and the books say PAID', async ({ page }) => {
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await expect(page).toHaveURL(/\/npe\?transactionId=/);
  await expect(page.getByText('Invoice INV-501 for Acme Pty Ltd')).toBeVisible();
  await expect(page.getByRole('link', { name: 'PDF of INV-501' })).toBeVisible();

  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await page.getByRole('button', { name: 'Pay $1,204.50' }).click();

  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  const receipt = page.getByRole('region', { name: 'Receipt' });
  await expect(receipt).toContainText('Northwind IT');
  await expect(receipt).toContainText('INV-501');

  const [charge, ...more] = await taken();
  expect(more).toEqual([]);
  expect(charge).toMatchObject({ amount_minor: 120_450, currency: 'USD', refunded_minor: 0 });
  await expect.poll(async () => (await inBooks('INV-501')).status, { timeout: 30_000 }).toBe('PAID');
  const { payments } = await inBooks('INV-501');
  expect(payments).toMatchObject([{ amount_minor: 120_450, account_code: CLEARING_ACCOUNT }]);
  // The gateway's id, so that a bookkeeper finds the charge from the books.
  expect([charge?.id, charge?.payment_intent]).toContain(payments[0]?.reference);
});

test('@S46 a declined card is explained, and another card pays', async ({ page, browser }) => {
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.declined);
  await payButton(page).click();

  await expect(page.getByRole('heading', { name: 'Your payment did not go through' })).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('Nothing was charged.')).toBeVisible();
  await page.getByRole('link', { name: 'Try again' }).click();
  await expect(page.getByLabel('E-mail for the receipt')).toHaveValue('ana@acme.test');
  await expect(page.getByLabel('Name on card')).toHaveValue('Ana Example');
  // Whoever else has the link reads no address of anybody.
  const elsewhere = await browser.newPage();
  await elsewhere.goto(page.url());
  await expect(elsewhere.getByText('The last payment did not go through')).toBeVisible();
  await expect(elsewhere.getByLabel('E-mail for the receipt')).toHaveValue('');
  await elsewhere.close();

  await enterCard(page, cards.approved);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  expect(await taken()).toHaveLength(1);
});

test('browser and server agree on what an e-mail address is', async ({ page, baseURL }) => {
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  const fields = (await page.locator('#pay').evaluate((form) => Object.fromEntries(new FormData(form as HTMLFormElement)))) as Record<string, string>;
  for (const [email, good] of [
    ['a@b', false],
    ['ana+x@acme.test', true],
    ['ana@acme.', false],
    ['ünï@exämple.org', true],
    ['ana@acme.test,bo@bolt.test', false],
    [`ana@${'x'.repeat(250)}.test`, false],
  ] as const) {
    await page.getByLabel('E-mail for the receipt').fill(email);
    await payButton(page).click();
    await expect(page.locator('#email-error')).toBeVisible({ visible: !good });
    const answer = await page.request.post('/api/payments/take', {
      headers: { accept: 'application/json', origin: baseURL! },
      // Another amount than the books', so that nothing is charged.
      form: { ...fields, email, expected: 'USD 1' },
    });
    expect(answer.status(), email).toBe(good ? 409 : 422);
  }
});

test('the first screen says who asks, for what, how much and how to pay', async ({ page }) => {
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  for (const answer of [
    page.getByText('Northwind IT').first(),
    page.getByText('Invoice INV-501 for Acme Pty Ltd'),
    page.getByText('Invoice date'),
    page.getByText('Due date'),
    page.getByRole('heading', { name: '$1,204.50' }),
    page.getByRole('heading', { name: 'Pay by card' }),
    page.getByLabel('E-mail for the receipt'),
  ]) {
    await expect(answer).toBeInViewport({ ratio: 1 });
  }
});

/** Of the gateway's own script, which brings the card fields. */
const SCRIPT = '**/stripe/js/v3';

test('on a slow line the card fields say that they are loading until they stand', async ({ page }) => {
  let answer = () => {};
  const held = new Promise<void>((resolve) => (answer = resolve));
  await page.route(SCRIPT, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  const loading = page.getByText('Card fields are loading…');
  await expect(loading).toBeVisible();
  answer();
  await expect(page.locator('#card-number iframe')).toBeVisible();
  await expect(loading).toHaveCount(0);
});

test('card fields that do not come within 20 seconds give way to the gateway’s page, in words', async ({ page, baseURL }) => {
  await page.clock.install();
  // Never answered.
  await page.route(SCRIPT, () => {});
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await payButton(page).click();
  await page.clock.fastForward(15_000);
  await expect(page.getByText('Card fields are loading…')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Paying…' })).toBeVisible();
  await page.clock.fastForward(6_000);
  const words = 'The card fields could not be loaded. You enter your card on the secure page of Stripe next.';
  await expect(page.locator('#card-plain')).toHaveText(words);
  await expect(page.getByRole('status').filter({ hasText: words })).toHaveCount(1);
  // The press from before has led nowhere yet.
  await payButton(page).click();
  await expect(page).not.toHaveURL(new RegExp(`^${baseURL}`));
});

test('@S66 the books decide the amount, whatever the link says', async ({ page }) => {
  await page.goto(payNowLink(await northwind(), 'INV-501', '1.00'));
  await expect(page.getByRole('button', { name: 'Pay $1,204.50' })).toBeVisible();
});

test('@D1 pressing Pay twice charges once', async ({ page }) => {
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await payButton(page).dblclick();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  expect(await taken()).toHaveLength(1);
});

test('@D2 an answer that never comes: do not pay again, and one charge is found', async ({ page }) => {
  test.setTimeout(150_000);
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await arm('stripe', 'timeout_after_execute');
  // Otherwise the webhook tells before the call has timed out, and there is nothing left to check.
  await arm('stripe', 'webhook_lost', 9);
  await payButton(page).click();

  await expect(page.getByRole('heading', { name: 'We are checking with the bank' })).toBeVisible({ timeout: 40_000 });
  await expect(page.getByText('Do not pay again.')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 90_000 });
  expect(await taken()).toHaveLength(1);
});

test('@D2 the page that waits turns by itself, also when the program never comes', async ({ page }) => {
  test.setTimeout(150_000);
  await page.route('**/*.wasm', (route) => route.abort());
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await arm('stripe', 'timeout_after_execute');
  await arm('stripe', 'webhook_lost', 9);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'We are checking with the bank' })).toBeVisible({ timeout: 40_000 });
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 90_000 });
});

test('a link that leads nowhere says what to do next', async ({ page }) => {
  const merchant = await northwind();
  for (const [invoice, status, heading] of [
    ['INV-504', 409, 'Invoice INV-504 is paid'],
    ['INV-999999', 404, 'We cannot find that invoice'],
    ['[invnumber]', 400, 'This link is incomplete'],
  ] as const) {
    const answer = await page.goto(payNowLink(merchant, invoice));
    expect(answer?.status(), invoice).toBe(status);
    await expect(page.getByRole('heading', { name: heading })).toBeVisible();
  }
});
