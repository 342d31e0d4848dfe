// The whole way to a paid invoice without a mouse, and where focus stands when something needs mending.
import { expect, test, type Page } from '@playwright/test';
import { demo, northwind, payNowLink, reset, signIn } from './support.ts';

test.skip(({ isMobile }) => isMobile, 'a phone has no Tab key');

/** Presses Tab until `name` is reached; a page where that takes long has its order wrong. */
async function tabTo(page: Page, selector: string, atMost = 12): Promise<void> {
  for (let press = 0; press < atMost; press += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => !!document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`${selector} was not reached by ${atMost} presses of Tab.`);
}

test('@S46 an invoice is paid with the keyboard alone', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await expect(page.locator('#card-code iframe')).toBeVisible();

  await tabTo(page, '#email');
  await page.keyboard.type('ana@acme.test');
  await page.keyboard.press('Tab'); // into the frame of the card number
  await page.keyboard.type(cards.approved);
  await page.keyboard.press('Tab');
  await page.keyboard.type('1234');
  await page.keyboard.press('Tab');
  await page.keyboard.type('123');
  await tabTo(page, '#card-name', 3);
  await page.keyboard.type('Ana Example');
  await tabTo(page, '#pay-button', 3);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
});

test('keys without a pause, as a password manager sends them, and Enter at the end pay too', async ({ page }) => {
  await reset();
  const { cards } = await demo();
  await page.goto(payNowLink(await northwind(), 'INV-501'));
  await expect(page.locator('#card-code iframe')).toBeVisible();
  await page.locator('#email').focus();
  for (const typed of ['ana@acme.test', cards.approved, '1234', '123']) {
    await page.keyboard.type(typed);
    await page.keyboard.press('Tab');
  }
  await page.keyboard.type('Ana Example');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'You paid $1,204.50' })).toBeVisible({ timeout: 30_000 });
});

test('pressing Pay with nothing filled in leads focus to what is missing', async ({ page }) => {
  await page.goto(payNowLink(await northwind(), 'INV-502'));
  await expect(page.locator('#card-number iframe')).toBeVisible();
  await page.locator('#pay-button').press('Enter');
  await expect(page.getByRole('alert')).toBeFocused();
  await expect(page).toHaveTitle(/^Error: /);
  await page.getByRole('alert').getByRole('link').first().press('Enter');
  await expect(page.locator('#email')).toBeFocused();
});

test('the skip link comes first and leads to the content', async ({ page }) => {
  const { payers } = await northwind();
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(payers[0]!.email);
  await page.getByLabel('Password').fill(payers[0]!.password);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/dashboard$/);
  await page.reload();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('#main')).toBeFocused();
});

test('the company menu closes with Escape and with a press beside it', async ({ page }) => {
  const { payers } = await northwind();
  await signIn(page, payers[0]!.email, payers[0]!.password);
  await expect(page).toHaveURL(/\/dashboard$/);
  const button = page.getByRole('button', { name: /^Switch company/ });
  const menu = page.locator('#places');
  await button.press('Enter');
  await expect(menu).toBeInViewport({ ratio: 1 });
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(button).toBeFocused();
  await button.click();
  await page.mouse.click(20, 600);
  await expect(menu).toBeHidden();
});
