// The weight of the site: every file raw, gzip and brotli, then what a guest's browser really fetches for Pay Now.
// Which parts of the split program a page needs is measured in Chromium, not guessed from names. Run by size.sh.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

// kB are 1,000 bytes. Budgets: quality.md, 1.2.
const UNTIL_PAY_MAX_BYTES = 60_000;
const AFTERWARDS_MAX_BYTES = 190_000;
/** Files below this are counted together in the lists of Pay Now. */
const SMALL_BYTES = 1_000;
const INVOICE = 'INV-501';
const QUIET_MS = 1_500;
const QUIET_TIMEOUT_MS = 30_000;

const { CHROMIUM, PORTAL_URL, SIMULATORS_URL, SITE } = process.env;
const { chromium } = createRequire(new URL('../end2end/package.json', import.meta.url))('@playwright/test');

const kb = (bytes) => (bytes / 1000).toFixed(1).padStart(8);
const short = (name) => (name.length > 56 ? `${name.slice(0, 40)}…${name.slice(-15)}` : name);
const line = (name, ...sizes) => console.log(`  ${short(name).padEnd(58)}${sizes.map(kb).join('')}`);
const sum = (rows) => rows.reduce((total, row) => total + row.wire, 0);

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (!/\.(br|gz)$/.test(name)) yield path;
  }
}

function listSite() {
  console.log(`\n  ${'file of the site, kB'.padEnd(58)}     raw    gzip  brotli`);
  for (const path of files(SITE)) {
    const bytes = readFileSync(path);
    line(relative(SITE, path), bytes.length, gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length);
  }
}

/** The guest's link to an invoice, as the merchant's e-mail template writes it. */
async function payLink() {
  const demo = await (await fetch(`${SIMULATORS_URL}/demo.json`)).json();
  const merchant = demo.merchants.find(({ key }) => key === 'northwind');
  const link = new URLSearchParams({ apiKey: merchant.pay_now.email, invoiceNo: INVOICE, amount: '1204.50', companyCode: 'Acme' });
  return `${PORTAL_URL}/PaymentProxy/PayNow/Email?${link}`;
}

/** Opens Pay Now in a fresh browser and waits until nothing more is loaded. */
async function openPayNow() {
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({ executablePath: CHROMIUM, args });
  try {
    const page = await browser.newPage({ viewport: { width: 390, height: 844 } });
    const seen = [];
    page.on('requestfinished', (request) => seen.push(request));
    const quiet = untilQuiet(page);
    const answer = await page.goto(await payLink());
    if (!answer.ok()) throw new Error(`Pay Now of ${INVOICE} answered ${answer.status()}.`);
    const pay = page.getByRole('button', { name: /^Pay / });
    await pay.waitFor();
    if (!(await pay.isEnabled())) throw new Error('Pay cannot be pressed when the page has loaded.');
    await quiet();
    const loadedAt = await page.evaluate(() => performance.timeOrigin + performance.timing.loadEventEnd - performance.timing.navigationStart);
    const rows = await Promise.all(seen.map((request) => weigh(request, loadedAt)));
    return rows.filter((row) => row.status < 300);
  } finally {
    await browser.close();
  }
}

/** Playwright's own "networkidle" is over before an idle browser starts to load the program. */
function untilQuiet(page) {
  let [open, last] = [0, Date.now()];
  const change = (by) => () => {
    open += by;
    last = Date.now();
  };
  page.on('request', change(1));
  page.on('requestfinished', change(-1));
  page.on('requestfailed', change(-1));
  return async () => {
    const until = Date.now() + QUIET_TIMEOUT_MS;
    while (open > 0 || Date.now() - last < QUIET_MS) {
      if (Date.now() > until) throw new Error(`Pay Now still loads after ${QUIET_TIMEOUT_MS / 1000} seconds.`);
      await page.waitForTimeout(100);
    }
  };
}

async function weigh(request, loadedAt) {
  const response = await request.response();
  const { responseBodySize: wire } = await request.sizes();
  const { origin, pathname } = new URL(request.url());
  const [encoding, type] = [await response.headerValue('content-encoding'), (await response.headerValue('content-type')) ?? ''];
  return {
    name: pathname,
    own: origin === PORTAL_URL,
    wasm: type.includes('wasm') || pathname.endsWith('.wasm'),
    after: request.timing().startTime >= loadedAt,
    status: response.status(),
    encoding: encoding ?? 'plain',
    // What comes from the browser's own cache is told as less than nothing.
    wire: Math.max(0, wire),
  };
}

function print(title, rows) {
  console.log(`\n  ${title}`);
  const small = rows.filter(({ wire }) => wire < SMALL_BYTES);
  for (const row of rows) if (!small.includes(row)) line(`${row.name} (${row.encoding})`, row.wire);
  if (small.length) line(`${small.length} smaller files`, sum(small));
  line(`together, ${rows.length} files`, sum(rows));
}

const failures = [];
const budget = (met, words) => {
  console.log(`  ${met ? 'ok  ' : 'OVER'}  ${words}`);
  if (!met) failures.push(words);
};

listSite();
const rows = await openPayNow().catch((error) => {
  console.error(`\nmake: Pay Now could not be weighed: ${error.message}`);
  process.exit(1);
});
const [own, others] = [rows.filter((row) => row.own), rows.filter((row) => !row.own)];
const [first, later] = [own.filter((row) => !row.after), own.filter((row) => row.after)];
print(`Pay Now of ${INVOICE}, until Pay can be pressed, kB over the wire`, first);
print('Pay Now, afterwards, when the browser is idle', later);
if (others.length) print('The gateway’s own card fields (not ours, not in the budgets)', others);

const wasmBefore = sum(first.filter((row) => row.wasm));
console.log('');
budget(first.length > 0 && sum(first) <= UNTIL_PAY_MAX_BYTES, `until Pay can be pressed: ${kb(sum(first)).trim()} of ${UNTIL_PAY_MAX_BYTES / 1000} kB`);
budget(wasmBefore === 0, `WASM until then: ${wasmBefore} of 0 B`);
budget(later.some((row) => row.wasm), 'WASM loads afterwards');
budget(sum(later) <= AFTERWARDS_MAX_BYTES, `afterwards: ${kb(sum(later)).trim()} of ${AFTERWARDS_MAX_BYTES / 1000} kB`);
if (failures.length) {
  console.error(`\nmake: Pay Now is over budget (${failures.join('; ')}); the lists above show what grew.`);
  process.exit(1);
}
