// JavaScript switched off: the payer is sent to the gateway's own page and comes back to the same result.
import { expect, test } from '@playwright/test';
import { charges, demo, inBooks, northwind, payButton, payNowLink, reset, taken } from './support.ts';

test.use({ javaScriptEnabled: false });

test.beforeEach(async () => {
  await reset();
});

test('@S46 a guest pays on the gateway’s own page', async ({ page, baseURL }) => {
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await expect(page.getByText('secure page of Stripe next')).toBeVisible();
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await payButton(page).click();

  await expect(page).not.toHaveURL(new RegExp(`^${baseURL}`));
  await page.getByLabel('Card number').fill(cards.approved);
  await page.getByLabel('Expiry').fill('12 / 34');
  await page.getByLabel('Security code').fill('123');
  await page.getByLabel('Name on card').fill('Ana Example');
  await page.getByRole('button', { name: /^Pay / }).click();

  await expect(page).toHaveURL(/\/npe\/result\?/);
  // The page asks again by itself while the gateway's word is on its way.
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 40_000 });
  expect(await taken()).toHaveLength(1);
  await expect.poll(async () => (await inBooks('INV-501')).status, { timeout: 30_000 }).toBe('PAID');
});

test('@S46 an e-mail address that cannot be one is said beside its field, and nothing is charged', async ({ page }) => {
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme');
  await payButton(page).click();
  await expect(page.getByText('Enter an e-mail address like name@company.com').first()).toBeVisible();
  expect(await charges()).toEqual([]);
});
