// A signed-in payer saves a card in the gateway's own fields and pays with it. The rest is tested over HTTP.
import { expect, test } from '@playwright/test';
import {
  demo, enterCard, expectAccessible, inBooks, northwind, payButton, payNowLink, reset, signIn,
} from './support.ts';

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
  await expect(page.locator('.method b', { hasText: 'Office card, Visa ··4242' })).toBeVisible();
  await expectAccessible(page);
  // Enter, pressed twice, removes nothing.
  const remove = page.getByRole('button', { name: /^Remove.*Office card/ });
  await remove.press('Enter');
  await expect(page.getByRole('dialog', { name: /^Remove Office card/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Keep it' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(remove).toBeFocused();

  await page.getByRole('link', { name: 'Outstanding' }).click();
  await page.getByRole('button', { name: 'Pay Invoice INV-501' }).click();
  // The demo's own card is the default.
  await expect(page.getByRole('radio', { name: 'Visa ··4242', exact: true })).toBeChecked();
  await page.getByRole('radio', { name: 'Office card, Visa ··4242' }).check();
  await expect(page.getByText('Card number')).toBeHidden();
  await page.getByRole('radio', { name: 'Another card' }).check();
  await expect(page.getByText('Card number')).toBeVisible();
  await page.getByRole('radio', { name: 'Office card, Visa ··4242' }).check();
  await expectAccessible(page);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  await expect.poll(async () => (await inBooks('INV-501')).status, { timeout: 30_000 }).toBe('PAID');
});

test('@S52 @D22 a payer ticks that the card they pay with is saved, and a guest is not asked', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  const merchant = await northwind();
  const tick = page.getByRole('checkbox', { name: /^Save this card/ });
  await page.goto(payNowLink(merchant, 'INV-501'));
  await expect(payButton(page)).toBeVisible();
  await expect(tick).toHaveCount(0);

  await signIn(page, merchant.payers[0]!.email, merchant.payers[0]!.password);
  await page.getByRole('button', { name: 'Pay Invoice INV-501' }).click();
  // A saved card is chosen, which is kept already.
  await expect(tick).toBeHidden();
  await page.getByRole('radio', { name: 'Another card' }).check();
  await expect(tick).not.toBeChecked();
  await tick.check();
  await enterCard(page, cards.approved);
  await expectAccessible(page);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
  await expect.poll(async () => {
    await page.goto('/methods');
    return page.locator('.method b', { hasText: 'Visa ··4242' }).count();
  }, { timeout: 30_000 }).toBe(2);
  await expectAccessible(page);
});

test('@S52 @S70 a payer signs the authority for a bank account, confirms it, and pays from it', async ({ page }) => {
  await reset();
  const { bank_accounts } = await demo();
  const { payers } = await northwind();
  await signIn(page, payers[0]!.email, payers[0]!.password);
  await page.getByRole('link', { name: 'Methods' }).click();
  await page.getByRole('link', { name: 'Add a bank account' }).click();
  await page.getByRole('button', { name: 'Save account' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expectAccessible(page);
  await page.getByLabel('Routing number').fill(bank_accounts.late_return.routing);
  await expect(page.getByText('Enter a routing number with 9 digits')).toHaveCount(1);
  await page.getByLabel('Account number').fill(bank_accounts.late_return.account);
  await page.getByLabel('Your full name, as a signature').fill('Ana Example');
  await page.getByLabel('I give this authority').check();
  await page.getByLabel('Name for it').fill('Payroll');
  // The numbers go to the gateway alone.
  const saved = page.waitForRequest('**/api/methods/save');
  await page.getByRole('button', { name: 'Save account' }).click();
  expect((await saved).postData()).not.toContain(bank_accounts.late_return.account);
  await expect(page.getByText('Waiting for you')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Confirm the account' }).click();
  await page.getByLabel('Code').fill('SM11AA');
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect.poll(async () => {
    await page.goto('/methods');
    return page.getByText('Waiting for you').count();
  }, { timeout: 30_000 }).toBe(0);

  await page.getByRole('link', { name: 'Outstanding' }).click();
  await page.getByRole('button', { name: 'Pay Invoice INV-501' }).click();
  await page.getByRole('radio', { name: /^Payroll, / }).check();
  await expectAccessible(page);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: '$1,204.50 was sent to your bank' })).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
});
