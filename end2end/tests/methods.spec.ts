// A signed-in payer saves a card in the gateway's own fields and pays with it. The rest is tested over HTTP.
import { expect, test } from '@playwright/test';
import { demo, enterCard, expectAccessible, inBooks, northwind, payButton, reset, signIn } from './support.ts';

test('@S52 @S53 a payer saves a card, and pays with it without typing it again', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  const { payers } = await northwind();
  await signIn(page, payers[0]!.email, payers[0]!.password);
  await expect(page).toHaveURL(/\/dashboard$/);
  await page.getByRole('link', { name: 'Methods' }).click();
  await page.getByRole('link', { name: 'Add a card' }).click();
  await page.getByRole('button', { name: 'Save card' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await enterCard(page, cards.approved);
  await page.getByLabel('Name for it').fill('Office card');
  await page.getByRole('button', { name: 'Save card' }).click();
  await expect(page.getByText('Office card, Visa ··4242', { exact: true })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Outstanding' }).click();
  await page.getByRole('button', { name: 'Pay Invoice INV-501' }).click();
  await expect(page.getByRole('radio', { name: 'Office card, Visa ··4242' })).toBeChecked();
  await expect(page.getByText('Card number')).toBeHidden();
  await page.getByRole('radio', { name: 'Another card' }).check();
  await expect(page.getByText('Card number')).toBeVisible();
  await page.getByRole('radio', { name: 'Office card, Visa ··4242' }).check();
  await expectAccessible(page);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  await expect.poll(async () => (await inBooks('INV-501')).status, { timeout: 30_000 }).toBe('PAID');
});
