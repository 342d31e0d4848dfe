// axe on every screen, WCAG 2.2 AA, light and dark. What a machine can see; keyboard.spec.ts does the rest.
import { expect, test, type Page } from '@playwright/test';
import { demo, enterCard, expectAccessible, northwind, payButton, payNowLink, reset, signIn } from './support.ts';

const NARROWEST_PX = 320;

/** Nothing scrolls sideways, down to the narrowest width that WCAG names. */
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const size = page.viewportSize()!;
  await page.setViewportSize({ width: NARROWEST_PX, height: size.height });
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over, `${page.url()} at ${NARROWEST_PX} px`).toBeLessThanOrEqual(0);
  await page.setViewportSize(size);
}

async function look(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading').first()).toBeVisible();
  await page.waitForLoadState('networkidle');
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
}

test('the menu of staff is one line at any width, and focus brings each entry into sight', async ({ page }) => {
  const { admin } = await northwind();
  await signIn(page, admin.email, admin.password);
  await expect(page).toHaveURL(/\/admin$/);
  const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link');
  for (const width of [390, NARROWEST_PX]) {
    await page.setViewportSize({ width, height: 844 });
    const tops = await links.evaluateAll((all) => all.map((link) => link.getBoundingClientRect().top));
    expect(new Set(tops).size, `lines at ${width} px`).toBe(1);
    for (const link of [links.last(), links.first()]) {
      await link.focus();
      await expect(link).toBeInViewport({ ratio: 1 });
    }
  }
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    test('Pay Now, and the links that lead nowhere', async ({ page }) => {
      const merchant = await northwind();
      await look(page, payNowLink(merchant, 'INV-502'));
      for (const invoice of ['INV-503', 'INV-504', 'INV-999999', '[invnumber]']) await look(page, payNowLink(merchant, invoice));
      await look(page, '/npe?transactionId=nothing');
    });

    test('sign-in, also when it failed, and an address that nobody knows', async ({ page }) => {
      await look(page, '/sign-in');
      await signIn(page, 'nobody@nowhere.test', 'wrong password');
      await expect(page.getByRole('alert')).toBeVisible();
      await expectAccessible(page);
      await look(page, '/no-such-page');
    });

    test('the payer’s pages', async ({ page }) => {
      const { payers } = await northwind();
      await signIn(page, payers[0]!.email, payers[0]!.password);
      await expect(page).toHaveURL(/\/dashboard$/);
      for (const path of ['/dashboard', '/payments', '/methods/new', '/methods/bank', '/methods', '/statements', '/credit-notes']) await look(page, path);
      // Of the demo's merchants, Harbour Tech alone takes payments without an invoice.
      await page.getByRole('button', { name: /^Switch company/ }).click();
      await page.locator('#places').getByRole('button', { name: /Harbour Tech/ }).click();
      await expect(page).toHaveURL(/\/dashboard$/);
      await page.getByRole('link', { name: /^Details of HT-/ }).first().click();
      await expect(page.getByRole('heading', { name: '1 line' })).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
      await look(page, '/statements');
      await look(page, '/prepay');
      await expect(page.getByLabel('Amount in NZD')).toBeVisible();
    });

    test('the operator’s page and the pod', async ({ page }) => {
      const { operator } = await demo();
      await look(page, '/pods/connectwise?id=1&screen=Invoice');
      await signIn(page, operator.email, operator.password);
      await expect(page).toHaveURL(/\/operator$/);
      await look(page, '/operator');
    });

    test('the pages on which staff keep books of their own', async ({ page }) => {
      const { merchants } = await demo();
      const { admin } = merchants.find(({ key }) => key === 'harbour')!;
      await signIn(page, admin.email, admin.password);
      await expect(page).toHaveURL(/\/admin$/);
      for (const path of ['customers', 'customers/archived', 'customers/new', 'invoices', 'invoices/new', 'credits', 'import']) await look(page, `/admin/${path}`);
      await page.goto('/admin/invoices?q=HT-1001');
      await page.getByRole('link', { name: 'HT-1001' }).click();
      await expect(page.getByRole('heading', { name: '1 line' })).toBeVisible();
      await expectAccessible(page);
      await expectNoSidewaysScroll(page);
    });

    test('declined, paid, and the admin’s pages with the story of that payment', async ({ page }) => {
      await reset();
      const [{ cards }, merchant] = [await demo(), await northwind()];
      for (const [card, heading] of [
        [cards.declined, 'Your payment did not go through'],
        [cards.approved, 'You paid $80.00'],
      ] as const) {
        await page.goto(payNowLink(merchant, 'INV-601'));
        await page.getByLabel('E-mail for the receipt').fill('bo@bolt.test');
        await enterCard(page, card);
        await expectAccessible(page);
        await payButton(page).click();
        await expect(page.getByRole('heading', { name: heading })).toBeVisible({ timeout: 30_000 });
        await expectAccessible(page);
        await expectNoSidewaysScroll(page);
      }
      await signIn(page, merchant.admin.email, merchant.admin.password);
      await expect(page).toHaveURL(/\/admin$/);
      for (const path of ['/admin', '/admin/transactions', '/admin/exceptions', '/admin/mail', '/admin/webhooks', '/admin/configure/accounting-connections', '/admin/configure/accounting-connections/set-up', '/admin/configure/merchants/northwind/settings', '/admin/configure/merchants/northwind/integrations', '/admin/configure/merchants/northwind/payment-methods', '/admin/configure/merchants/northwind/surcharges?amount=100', '/admin/sync']) await look(page, path);
      await page.goto('/admin/transactions');
      await page.getByRole('row', { name: /INV-601/ }).first().getByRole('link').first().click();
      await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
      await expectAccessible(page);
      await look(page, `${new URL(page.url()).pathname}/proof`);
    });
  });
}
