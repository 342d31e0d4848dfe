// Builds the site into target/site: compiles the browser's program, splits it at its lazy routes, makes every file
// small, puts a hash of its content into its name, and compresses it. target/site.hash tells the server the hashes.
// What the site is called is read from Leptos.toml, as the server does. Run by build.sh, which knows when there is
// nothing to do.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { join, parse } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';

const require = createRequire(new URL('../end2end/package.json', import.meta.url));
const { bundle } = require('lightningcss');
const { minify } = require('terser');

const { CARGO_TARGET_DIR, RUSTFLAGS = '' } = process.env;
const settings = readFileSync('Leptos.toml', 'utf8');
const setting = (key) => settings.match(`\n${key} = "(.+)"`)[1];
const [NAME, SITE, FOLDER] = ['output-name', 'site-root', 'site-pkg-dir'].map(setting);

/** The module that loads the parts. The common part carries this name inside, so a hash fills the gap to the byte. */
const GAP = '______________________';
const LOADER = `__wasm_split.${GAP}.js`;
const MANIFEST = '__wasm_split_manifest.json';

const WASM_FEATURES = ['bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals', 'reference-types', 'multivalue'];
const WASM_OPT = ['-Oz', ...WASM_FEATURES.map((feature) => `--enable-${feature}`)];
/** Names for debuggers that wasm-opt does not know and throws away with all others: nobody has to mend anything. */
const HARMLESS = /^warning: unknown name subsection /;
/** Newer CSS, nesting above all, is rewritten for these. Cascade layers are not, so much older ones are lost anyway. */
const BROWSERS = { chrome: 109 << 16, firefox: 115 << 16, safari: 16 << 16, ios_saf: 16 << 16 };

const path = (file) => join(SITE, FOLDER, file);
// As bytes, because the names of other files stand inside WebAssembly as well.
const read = (file) => readFile(path(file), 'latin1');
const write = (file, content) => writeFile(path(file), content, 'latin1');
const hashOf = (content) => createHash('md5').update(content, 'latin1').digest('base64url');
const wasmFiles = async () => (await readdir(path(''))).filter((file) => file.endsWith('.wasm'));

/** Runs a program to its end; what was wrong it says itself, but for lines that are `harmless`. */
function run(program, args, env = {}, harmless) {
  return new Promise((resolve, reject) => {
    const stdio = ['inherit', 'inherit', harmless ? 'pipe' : 'inherit'];
    const child = spawn(program, args, { stdio, env: { ...process.env, ...env } });
    if (harmless) createInterface(child.stderr).on('line', (line) => harmless.test(line) || console.error(line));
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} failed`))));
  });
}

/** The whole program, as cargo leaves it. */
async function compile() {
  const args = ['build', '--package=frontend', '--lib', '--target=wasm32-unknown-unknown', '--profile=wasm-release'];
  // Relocations are what the program is split by. Leptos reads the name when it is compiled.
  const env = { RUSTFLAGS: `${RUSTFLAGS} -Clink-args=--emit-relocs`.trim(), LEPTOS_OUTPUT_NAME: NAME };
  await run('cargo', [...args, `--target-dir=${CARGO_TARGET_DIR}/front`], env);
  return `${CARGO_TARGET_DIR}/front/wasm32-unknown-unknown/wasm-release/frontend.wasm`;
}

/** The program in parts, and the scripts that join them. */
async function splitUp(program) {
  const tool = ['run', '--quiet', '--release', '--locked', '--manifest-path=tools/site-wasm/Cargo.toml'];
  await run('cargo', [...tool, `--target-dir=${CARGO_TARGET_DIR}/tools`, '--', program, path(''), NAME, LOADER]);
  await rename(path(`${NAME}_bg.wasm`), path(`${NAME}.wasm`));
}

/** wasm-opt over every part, as many at a time as there are processors. */
async function optimise() {
  const waiting = (await wasmFiles()).map(path);
  const worker = async () => {
    for (let file; (file = waiting.pop()); ) await run('wasm-opt', [...WASM_OPT, file, '-o', file], {}, HARMLESS);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

async function shorten(script) {
  const { code } = await minify(await readFile(path(script), 'utf8'), { module: true });
  await writeFile(path(script), code);
}

async function style() {
  const { code } = bundle({ filename: 'style/main.css', minify: true, targets: BROWSERS });
  await writeFile(path(`${NAME}.css`), code);
}

/** Writes a file under its name with a hash. */
async function put(file, content, hash = hashOf(content)) {
  const { name, ext } = parse(file);
  await rm(path(file));
  await write(file.includes(GAP) ? file.replace(GAP, hash) : `${name}.${hash}${ext}`, content);
  return hash;
}

/**
 * Browsers keep a file for ever, so what stands in it must follow from its name: a hash is taken when the names inside
 * are final. The script and the loader name each other; therefore the loader's hash is one of both.
 */
async function nameByHash() {
  const files = [`${NAME}.js`, LOADER, `${NAME}.wasm`, MANIFEST, `${NAME}.css`];
  const [script, loader, common, manifest, css] = await Promise.all(files.map(read));
  const parts = (await wasmFiles()).filter((file) => file !== `${NAME}.wasm`);
  const hashes = await Promise.all(parts.map(async (file) => put(file, await read(file))));
  const withParts = (text, quote, unquote) =>
    parts.reduce((text, file, i) => {
      const { name } = parse(file);
      return text.replaceAll(quote + name + unquote, `${quote}${name}.${hashes[i]}${unquote}`);
    }, text);

  const loaderOfParts = withParts(loader, './', '.wasm');
  const split = hashOf(loaderOfParts + script);
  const withLoader = (text) => text.replaceAll(LOADER, LOADER.replace(GAP, split));
  const js = await put(`${NAME}.js`, withLoader(script));
  await put(LOADER, loaderOfParts.replaceAll(`./${NAME}.js`, `./${NAME}.${js}.js`), split);
  return {
    js,
    wasm: await put(`${NAME}.wasm`, withLoader(common)),
    css: await put(`${NAME}.css`, css),
    manifest: await put(MANIFEST, withParts(manifest, '"', '"')),
    split,
  };
}

/** Beside every file its compressed forms, both as small as they get. */
async function compress() {
  const entries = await readdir(SITE, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const both = async (file) => {
    const content = await readFile(file);
    await writeFile(`${file}.br`, await promisify(brotliCompress)(content));
    await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
  };
  await Promise.all(files.map(both));
}

const program = await compile();
await rm(SITE, { recursive: true, force: true });
await cp('public', SITE, { recursive: true });
await splitUp(program);
await Promise.all([optimise(), shorten(`${NAME}.js`), shorten(LOADER), style()]);
const hashes = await nameByHash();
await writeFile(`${SITE}.hash`, Object.entries(hashes).map(([kind, hash]) => `${kind}: ${hash}\n`).join(''));
await compress();
