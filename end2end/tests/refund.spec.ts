// Staff pay a part back from a payment's page: the dialog in a browser. What follows from it is tested over HTTP.
import { expect, test } from '@playwright/test';
import { demo, enterCard, expectAccessible, northwind, payButton, payNowLink, reset, signIn, taken } from './support.ts';

test('@G37 staff refund a part from the dialog, and whoever keeps the money changes nothing', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  const merchant = await northwind();
  await page.goto(payNowLink(merchant, 'INV-501'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await enterCard(page, cards.approved);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });

  await signIn(page, merchant.admin.email, merchant.admin.password);
  await page.goto('/admin/transactions');
  await page.getByRole('row', { name: /INV-501/ }).getByRole('link').first().click();
  const opener = page.getByRole('button', { name: 'Refund', exact: true });
  const dialog = page.getByRole('dialog', { name: 'Refund this payment?' });
  await opener.press('Enter');
  await expect(dialog.getByText('At most $1,204.50.')).toBeVisible();
  await expectAccessible(page);
  await expect(dialog.getByLabel('Amount')).toBeFocused();
  // Round and round: the browser's own bar may come in between, the page behind never.
  for (let press = 0; press < 12; press += 1) {
    await page.keyboard.press('Tab');
    expect(await dialog.evaluate((one) => one.contains(document.activeElement) || document.activeElement === document.body)).toBe(true);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(opener).toBeFocused();
  await opener.press('Enter');
  await dialog.getByRole('button', { name: 'Cancel' }).press('Enter');
  await expect(dialog).toBeHidden();
  expect(await taken()).toMatchObject([{ refunded_minor: 0 }]);

  await opener.click();
  await dialog.getByLabel('Amount').fill('12,50');
  await dialog.getByLabel('Reason').fill('Wrong quantity');
  await dialog.getByRole('button', { name: 'Refund payment' }).click();
  await expect(page).toHaveTitle(/^Error: /);
  await expect(dialog.getByRole('alert')).toBeFocused();
  await expect(dialog.getByLabel('Amount')).toHaveValue('12,50');
  await expect(dialog.getByLabel('Reason')).toHaveValue('Wrong quantity');
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await expect(opener).toBeFocused();

  await opener.click();
  await dialog.getByLabel('Amount').fill('200.00');
  await dialog.getByLabel('Reason').fill('Wrong quantity');
  await dialog.getByRole('button', { name: 'Refund payment' }).click();
  await expect(page.getByRole('row', { name: /Wrong quantity.*\$200\.00/ })).toBeVisible();
  expect(await taken()).toMatchObject([{ refunded_minor: 20_000 }]);
});
