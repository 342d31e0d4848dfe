// The inbox in a browser: a page that the server alone draws, its dialog, and what is typed into it. What follows from it
// is tested over HTTP.
import { expect, test } from '@playwright/test';
import { arm, demo, enterCard, expectAccessible, northwind, payButton, payNowLink, reset, signIn } from './support.ts';

test('@G44 @E14 staff mark what the books refused as fixed, with a reason and a reference', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  const merchant = await northwind();
  await page.goto(payNowLink(merchant, 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await arm('xero', 'period_locked', 9);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });

  await signIn(page, merchant.admin.email, merchant.admin.password);
  await expect(page).toHaveURL(/\/admin$/);
  await page.getByRole('link', { name: 'Exceptions', exact: true }).click();
  await expect(page).toHaveURL(/\/admin\/exceptions$/);
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('but the books refused it').first()).toBeVisible({ timeout: 1_000 });
  }).toPass({ timeout: 30_000 });
  await arm('xero', 'period_locked', 0);
  await expectAccessible(page);

  const opener = page.getByRole('button', { name: 'Mark as fixed', exact: true });
  const dialog = page.getByRole('dialog', { name: 'Mark as fixed?' });
  await opener.click();
  await expect(dialog.getByLabel('What was done')).toBeFocused();
  await dialog.getByLabel('What was done').fill('Entered as a prepayment');
  await dialog.getByRole('button', { name: 'Mark as fixed' }).click();
  await expect(page).toHaveTitle(/^Error: /);
  await expect(dialog.getByLabel('What was done')).toHaveValue('Entered as a prepayment');
  await expectAccessible(page);
  await dialog.getByLabel('Reference').fill('PP 17');
  await dialog.getByRole('button', { name: 'Mark as fixed' }).click();
  await expect(page.getByRole('heading', { name: 'Nothing needs you' })).toBeVisible();
  await expect(page.getByRole('row', { name: /Entered as a prepayment.*PP 17/ })).toBeVisible();
  await expectAccessible(page);
});
