// The browser's text at twice its usual size (WCAG 1.4.4). Zoom, which makes the window smaller as well, is in a11y.spec.ts.
import { chromium, expect, test, type Page } from '@playwright/test';
import { northwind, payNowLink, signIn } from './support.ts';

async function look(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expect(page.getByRole('heading').first()).toBeVisible();
  const over = await page.locator('html, .card').evaluateAll((all) =>
    all.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1).map(({ className }) => className),
  );
  expect(over, `wider than their place on ${path}`).toEqual([]);
}

test('text of twice the size stays on the page, and tables become cards in time', async ({ launchOptions, viewport, baseURL }) => {
  const args = [...(launchOptions.args ?? []), '--blink-settings=defaultFontSize=32'];
  const browser = await chromium.launch({ ...launchOptions, args });
  const { admin, payers } = await northwind();
  for (const [{ email, password }, paths] of [
    [payers[0]!, ['/dashboard', '/payments']],
    [admin, ['/admin', '/admin/transactions', '/admin/mail']],
  ] as const) {
    const page = await browser.newPage({ viewport, baseURL });
    await look(page, payNowLink(await northwind(), 'INV-503'));
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).fontSize)).toBe('32px');
    await look(page, '/sign-in');
    await signIn(page, email, password);
    await expect(page).toHaveURL(/\/(dashboard|admin)$/);
    await expect(page.locator('tbody tr').first()).toHaveCSS('display', 'grid');
    for (const path of paths) await look(page, path);
    await page.close();
  }
  await browser.close();
});
