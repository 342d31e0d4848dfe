// A quote is accepted and signed in ConnectWise Sell, paid here, and says so there. The rest is tested over HTTP
// (server/tests/it/quotes.rs).
import { expect, test, type Page } from '@playwright/test';
import { demo, enterCard, expectAccessible, payButton, reset, SIMULATORS, taken } from './support.ts';

test.beforeEach(async () => {
  await reset();
});

/** From the simulators' start page to the quote's checkout. */
async function acceptAndSign(page: Page, quote: string): Promise<void> {
  await page.goto(`${SIMULATORS}/`);
  await page.getByRole('link', { name: quote }).click();
  await page.getByRole('checkbox', { name: 'I accept these terms' }).check();
  await page.getByLabel('Your full name, as your signature').fill('Ana Example');
  await page.getByRole('button', { name: 'Accept and Pay' }).click();
  await expect(page).toHaveURL(/\/npe\?transactionId=/);
}

async function pay(page: Page, card: string, heading: string): Promise<void> {
  await expect(page.getByLabel('E-mail for the receipt')).toHaveValue('ana@acme.test');
  await enterCard(page, card);
  await payButton(page).click();
  await expect(page.getByRole('heading', { name: heading })).toBeVisible({ timeout: 30_000 });
}

async function expectAtQuote(page: Page, words: string): Promise<void> {
  await expect(page).toHaveURL(`${SIMULATORS}/sell/quote/Q-10231`, { timeout: 15_000 });
  await expect(page.getByRole('status')).toContainText(words);
}

test('@S13 @S19 @S20 a guest accepts and signs a quote, pays it, and is led back to it by itself', async ({ page }) => {
  const { cards } = await demo();
  await acceptAndSign(page, 'Q-10231');
  await pay(page, cards.approved, 'You paid $2,000.00');
  await expectAtQuote(page, 'Paid');
  await expect(page.getByRole('button')).toHaveCount(0);
  const [charge, ...more] = await taken();
  expect(more).toEqual([]);
  expect(charge).toMatchObject({ amount_minor: 200_000, currency: 'USD' });
});

test('@S20 @S21 a declined card is told in the quote, and another one pays after a retry from there', async ({ page }) => {
  const { cards } = await demo();
  await acceptAndSign(page, 'Q-10231');
  await pay(page, cards.declined, 'Your payment did not go through');
  await page.getByRole('link', { name: 'Back to your quote' }).click();
  await expectAtQuote(page, 'Payment failed');
  await page.getByRole('button', { name: 'Retry payment' }).click();
  await expect(page).toHaveURL(/\/npe\?transactionId=/);
  await pay(page, cards.approved, 'You paid $2,000.00');
  await page.getByRole('link', { name: 'Back to your quote' }).click();
  await expectAtQuote(page, 'Paid');
  expect(await taken()).toHaveLength(1);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in ${colorScheme} colours`, () => {
    test.use({ colorScheme, contextOptions: { reducedMotion: 'reduce' } });

    test('@S13 @S15 the checkout of a quote, also of one that a guest cannot pay', async ({ page }) => {
      await acceptAndSign(page, 'Q-10231');
      await expect(payButton(page)).toBeVisible();
      await page.waitForLoadState('networkidle');
      await expectAccessible(page);
      await acceptAndSign(page, 'Q-10232');
      await expect(page.getByText('a saved payment method is needed', { exact: false })).toBeVisible();
      await page.waitForLoadState('networkidle');
      await expectAccessible(page);
    });
  });
}
