// A signed-in payer pays several invoices at once. The rest is tested over HTTP (server/tests/it/several.rs).
import { expect, test } from '@playwright/test';
import { expectAccessible, inBooks, northwind, payButton, reset, signIn, taken } from './support.ts';

test('@G28 @S110 a payer selects invoices, sees what they come to, and pays them at once', async ({ page }) => {
  await reset();
  const { payers } = await northwind();
  await signIn(page, payers[0]!.email, payers[0]!.password);
  await expect(page).toHaveURL(/\/dashboard$/);
  const box = (number: string) => page.getByRole('checkbox', { name: `Select ${number}` });
  for (const number of ['INV-501', 'INV-502', 'INV-503']) await box(number).check();
  await expect(page.getByText('3 selected, $2,254.50')).toBeVisible();
  await box('INV-503').press('Space');
  await expect(page.getByText('2 selected, $1,554.50')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Pay selected' }).click();
  await expect(page.getByRole('heading', { name: '$1,554.50' })).toBeVisible();
  await expect(page.getByText('$350.00 for invoice INV-502', { exact: false })).toBeVisible();
  await expectAccessible(page);
  // The demo's own card is the default.
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,554.50' })).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  for (const number of ['INV-501', 'INV-502']) {
    await expect.poll(async () => (await inBooks(number)).status, { timeout: 30_000 }).toBe('PAID');
  }
  expect(await taken()).toHaveLength(1);
  expect((await inBooks('INV-503')).status).toBe('AUTHORISED');
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('@G28 the same form pays what is ticked', async ({ page }) => {
    await reset();
    const { payers } = await northwind();
    await signIn(page, payers[0]!.email, payers[0]!.password);
    for (const number of ['INV-501', 'INV-502']) await page.getByRole('checkbox', { name: `Select ${number}` }).check();
    await page.getByRole('button', { name: 'Pay selected' }).click();
    await expect(payButton(page)).toHaveText(/\$1,554\.50/);
    await payButton(page).click();
    await expect(page.getByRole('heading', { name: 'You paid $1,554.50' })).toBeVisible({ timeout: 30_000 });
  });
});
