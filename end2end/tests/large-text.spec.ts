// The browser's text at twice its usual size (WCAG 1.4.4). Zoom, which makes the window smaller as well, is in a11y.spec.ts.
import { chromium, expect, test as base, type Page } from '@playwright/test';
import { demo, northwind, payButton, payNowLink, signIn } from './support.ts';

/** A page of a browser whose reader has set large text. */
const test = base.extend({
  page: async ({ launchOptions, viewport, baseURL }, use) => {
    const args = [...(launchOptions.args ?? []), '--blink-settings=defaultFontSize=32'];
    const browser = await chromium.launch({ ...launchOptions, args });
    await use(await browser.newPage({ viewport, baseURL }));
    await browser.close();
  },
});

async function look(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading').first()).toBeVisible();
  const over = await page.locator('html, .card').evaluateAll((all) =>
    all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1).map(({ className }) => className),
  );
  expect(over, `wider than their place on ${path}`).toEqual([]);
}

test('everything stays on the page, and tables become cards in time', async ({ page }) => {
  const merchant = await northwind();
  await look(page, payNowLink(merchant, 'INV-503'));
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px');
  await look(page, '/sign-in');
  const { email, password } = merchant.payers[0]!;
  await signIn(page, email, password);
  await expect(page).toHaveURL(/\/dashboard$/);
  await expect(page.locator('tbody tr').first()).toHaveCSS('display', 'grid');
  for (const path of ['/dashboard', '/payments']) await look(page, path);
});

test('references, numbers and amounts stay in one line', async ({ page }) => {
  const harbour = (await demo()).merchants.find(({ key }) => key === 'harbour')!;
  await page.goto(payNowLink(harbour, 'HT-1001'));
  await page.getByLabel('E-mail for the receipt').fill('ana@acme.test');
  await page.getByLabel('Declined by the bank').check();
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: 'Your payment did not go through' })).toBeVisible();

  await signIn(page, harbour.admin.email, harbour.admin.password);
  await expect(page).toHaveURL(/\/admin$/);
  for (const path of ['/admin', '/admin/mail', '/admin/transactions']) await look(page, path);
  const lines = await page.locator('.key a, td.amount').evaluateAll((all) =>
    all.map((each) => {
      const text = document.createRange();
      text.selectNodeContents(each);
      return text.getClientRects().length;
    }),
  );
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.every((count) => count === 1)).toBe(true);
});
