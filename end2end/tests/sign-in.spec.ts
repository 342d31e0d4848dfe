// Signing in and out, and what each role finds. The rules behind it are tested in Rust; here, that the screens lead there.
import { expect, test } from '@playwright/test';
import { demo, northwind, signIn } from './support.ts';

test('@S46 @S55 a payer signs in, sees what is outstanding and what was paid, and signs out', async ({ page }) => {
  const { payers } = await northwind();
  const bo = payers.find(({ email }) => email === 'bo@bolt.test')!;
  await signIn(page, bo.email, bo.password);
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.getByRole('heading', { name: 'Outstanding Payments' })).toBeVisible();
  await expect(page.getByRole('row', { name: /INV-601/ })).toContainText('$80.00');
  const [bar, content] = await page.locator('.brand, h1').evaluateAll((both) => both.map((one) => one.getBoundingClientRect().left));
  expect(bar, 'the bar begins where the content does').toBeCloseTo(content!, 0);

  await page.getByRole('link', { name: 'Past Payments' }).click();
  await expect(page.getByRole('heading', { name: 'Past Payments' }).first()).toBeVisible();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);
  await page.goto('/dashboard');
  await expect(page).toHaveURL(/\/sign-in/);
});

test('an admin and the operator come to their own front pages', async ({ page }) => {
  const { admin } = await northwind();
  await signIn(page, admin.email, admin.password);
  await expect(page).toHaveURL(/\/admin$/);
  await expect(page.getByRole('heading', { name: 'Invoices' })).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL(/\/sign-in/);

  const { operator } = await demo();
  await signIn(page, operator.email, operator.password);
  await expect(page).toHaveURL(/\/operator$/);
  await expect(page.getByRole('row', { name: /Northwind IT/ })).toBeVisible();
});

test('@D20 a payer finds nothing under the admin’s addresses', async ({ page }) => {
  const { payers } = await northwind();
  const bo = payers.find(({ email }) => email === 'bo@bolt.test')!;
  await signIn(page, bo.email, bo.password);
  await expect(page).toHaveURL(/\/dashboard$/);
  const answer = await page.goto('/admin/transactions');
  expect(answer?.status()).toBeGreaterThanOrEqual(400);
  await expect(page.getByRole('table')).toHaveCount(0);
});

test('a wrong password and an unknown address get the same answer, and the address is kept', async ({ page }) => {
  const { merchants } = await demo();
  for (const email of [merchants[0]!.admin.email, 'nobody@nowhere.test']) {
    await signIn(page, email, 'wrong password');
    await expect(page.getByRole('alert')).toContainText('That e-mail address and password do not match.');
    await expect(page.getByLabel('E-mail address')).toHaveValue(email);
    await expect(page.getByLabel('Password')).toHaveValue('');
  }
});

test('signing in with nothing filled in leads focus to what is missing', async ({ page }) => {
  await page.goto('/sign-in');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page).toHaveTitle(/^Error: /);
  await page.getByRole('alert').getByRole('link', { name: 'Enter your password' }).press('Enter');
  await expect(page.getByLabel('Password')).toBeFocused();
});

test('signing in works with JavaScript switched off', async ({ browser }) => {
  const { payers } = await northwind();
  const page = await browser.newPage({ javaScriptEnabled: false });
  await signIn(page, payers[0]!.email, payers[0]!.password);
  await expect(page.getByRole('heading', { name: 'Outstanding Payments' })).toBeVisible();
  await page.close();
});
