// What other media must still tell: forced colours take away fills and shadows, paper takes away fills and whatever can
// be pressed. Only a browser computes that.
import { expect, test, type Locator, type Page } from '@playwright/test';
import { demo, enterCard, northwind, payButton, payNowLink, reset, signIn } from './support.ts';

const computed = (of: Locator, property: string, part?: string) =>
  of.evaluate((element, [property, part]) => getComputedStyle(element, part).getPropertyValue(property!), [property, part] as const);

async function pay(page: Page, invoice: string, email: string): Promise<void> {
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), invoice));
  await page.getByLabel('E-mail for the receipt').fill(email);
  await enterCard(page, cards.approved);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: /^You paid/ })).toBeVisible({ timeout: 30_000 });
}

test.describe('forced colours (7.5)', () => {
  test.use({ forcedColors: 'active' });

  test('the current page, the state and a wrong field are told without fills', async ({ page }) => {
    const { payers } = await northwind();
    await signIn(page, payers[0]!.email, 'wrong password');
    await expect(page.getByRole('alert')).toBeFocused();
    expect(await computed(page.getByRole('alert'), 'border-top-style')).toBe('solid');

    await signIn(page, payers[0]!.email, payers[0]!.password);
    const menu = page.getByRole('navigation', { name: 'Main' });
    expect(await computed(menu.locator('[aria-current]'), 'outline-style')).toBe('solid');
    expect(await computed(menu.getByRole('link').last(), 'outline-style')).toBe('none');
    const badge = page.locator('.badge').first();
    expect(await computed(badge, 'border-top-style')).toBe('solid');
    // The shape keeps its ink: the colour of text, whatever the reader chose.
    expect(await computed(badge, 'background-color', '::before')).toBe(await computed(badge, 'color'));
  });

  test('a focused field has an outline, where its shadow is not drawn', async ({ page }) => {
    await page.goto(payNowLink(await northwind(), 'INV-502'));
    const email = page.getByLabel('E-mail for the receipt');
    await email.focus();
    expect(await computed(email, 'outline-style')).toBe('solid');
    expect(await computed(email, 'outline-color')).not.toBe('rgba(0, 0, 0, 0)');
  });
});

test.describe('on paper', () => {
  // Whoever prints from a dark screen prints in ink all the same.
  test.use({ colorScheme: 'dark' });

  test('a receipt is its facts, with nothing to press', async ({ page }) => {
    await reset();
    await pay(page, 'INV-601', 'bo@bolt.test');
    await page.emulateMedia({ media: 'print' });
    await expect(page.getByRole('region', { name: 'Receipt' })).toContainText(/PAY-.*INV-601.*New York time.*\$80\.00/s);
    await expect(page.getByRole('button')).toHaveCount(0);
    await expect(page.getByRole('link', { name: 'See your other invoices' })).toBeHidden();
    expect(await computed(page.locator('body'), 'background-color')).toBe('rgb(255, 255, 255)');
    expect(await computed(page.locator('.logo'), 'color')).toBe('rgb(0, 0, 0)');
  });

  test('a list keeps its columns and its headings, also from a phone', async ({ page }) => {
    const { admin } = await northwind();
    await signIn(page, admin.email, admin.password);
    await expect(page.getByRole('table')).toBeVisible();
    await page.emulateMedia({ media: 'print' });
    expect(await computed(page.locator('tbody tr').first(), 'display')).toBe('table-row');
    await expect(page.getByRole('columnheader', { name: 'Balance' })).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'Main' })).toBeHidden();
    await expect(page.getByRole('searchbox')).toBeHidden();
    await expect(page.getByText('Dates and times are in New York time.')).toBeVisible();
  });
});
