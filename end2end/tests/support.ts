// What the browser tests share: the demo's facts, its simulators, and the few acts that every story needs.
import { AxeBuilder } from '@axe-core/playwright';
import { expect, type FrameLocator, type Page } from '@playwright/test';

export const SIMULATORS = process.env.SIMULATORS_URL ?? 'http://127.0.0.1:3900';

/** Of `demo.json`, what the tests use; the whole is described in the demo's contract. */
export interface Demo {
  portal: string;
  operator: { email: string; password: string };
  merchants: Merchant[];
  cards: { approved: string; declined: string; needs_3ds: string; timeout_after_execute: string; insufficient_funds: string };
  bank_accounts: Record<'clears' | 'late_return' | 'fails', { routing: string; account: string }>;
}

export interface Merchant {
  key: string;
  name: string;
  admin: { email: string; password: string };
  pay_now: { email: string };
  payers: { email: string; password: string; customer: string }[];
  invoices: { number: string; customer: string; company_code: string; amount_minor: number; due_minor: number; currency: string; due_date: string }[];
}

interface XeroState {
  invoices: { number: string; status: string; due_minor: number }[];
  payments: { invoice: string; account_code: string; amount_minor: number; reference: string | null; status: string }[];
}

interface StripeState {
  charges: { id: string; reference: string; amount_minor: number; currency: string; status: string; refunded_minor: number; payment_intent: string }[];
}

async function simulator<T>(path: string, init?: RequestInit): Promise<T> {
  const answer = await fetch(SIMULATORS + path, init);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  const text = await answer.text();
  return (text ? JSON.parse(text) : {}) as T;
}

export const demo = () => simulator<Demo>('/demo.json');
export const books = () => simulator<XeroState>('/control/state/xero');
export const charges = async () => (await simulator<StripeState>('/control/state/stripe')).charges;

/** Fresh data everywhere, signed out everywhere. */
export const reset = () => simulator<unknown>('/control/reset', { method: 'POST' });

export const arm = (vendor: string, fault: string, times = 1) =>
  simulator<unknown>('/control/faults', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ vendor, fault, times }),
  });

export async function northwind(): Promise<Merchant> {
  const merchant = (await demo()).merchants.find(({ key }) => key === 'northwind');
  if (!merchant) throw new Error('The demo has no merchant northwind.');
  return merchant;
}

/** The link of a merchant's invoice e-mail. The amount in it is for people: the books decide (S66). */
export function payNowLink(merchant: Merchant, invoice: string, amount = '1204.50'): string {
  const companyCode = merchant.invoices.find(({ number }) => number === invoice)?.company_code ?? '';
  const query = new URLSearchParams({ apiKey: merchant.pay_now.email, invoiceNo: invoice, amount, companyCode });
  return `/PaymentProxy/PayNow/Email?${query}`;
}

const field = (page: Page, kind: string): FrameLocator => page.frameLocator(`iframe[title="Secure ${kind} input frame"]`);

/** Fills the gateway's fields: each is a frame of the gateway's own origin. */
export async function enterCard(page: Page, number: string): Promise<void> {
  await field(page, 'card number').getByLabel('Card number').fill(number);
  await field(page, 'card expiry').getByLabel('Expiry').fill('12 / 34');
  await field(page, 'card security code').getByLabel('Security code').fill('123');
  await page.getByLabel('Name on card').fill('Ana Example');
}

export const payButton = (page: Page) => page.getByRole('button', { name: /^Pay \$/ });

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The invoice as the books have it, and what was paid on it. */
export async function inBooks(number: string) {
  const { invoices, payments } = await books();
  return {
    status: invoices.find((invoice) => invoice.number === number)?.status,
    payments: payments.filter(({ invoice, status }) => invoice === number && status !== 'DELETED'),
  };
}

/** The charges that took money. */
export const taken = async () => (await charges()).filter(({ status }) => status === 'succeeded');

/**
 * No violation of WCAG 2.2 AA on what is shown now. The contrast of text in the gateway's frames is left out: they are
 * transparent, and axe takes what lies behind them for white.
 */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'])
    .analyze();
  const told = violations.flatMap(({ id, help, nodes }) =>
    nodes
      .filter(({ target }) => id !== 'color-contrast' || target.length === 1)
      .map(({ target }) => `${id}: ${help} — ${target.join(' ')}`),
  );
  expect(told, `axe on ${page.url()}`).toEqual([]);
}
