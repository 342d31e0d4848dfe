// Starts the simulators for one vendor's SDK, or takes those that SIMULATORS_URL names. Used by the tests beside it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

const START_TIMEOUT_MS = 30_000;
/** Where scripts/build.sh leaves the server. */
const PROGRAM = fileURLToPath(new URL('../../target/run/dev/wisepay', import.meta.url));

/** A port on loopback that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** @returns {Promise<{url: string, control: (path: string, body: object) => Promise<any>, stop: () => Promise<void>}>} */
export async function startSimulators() {
  const given = process.env.SIMULATORS_URL;
  const url = given ?? `http://127.0.0.1:${await freePort()}`;
  const child = given ? undefined : spawn(PROGRAM, ['simulators', '--listen', new URL(url).host], { stdio: ['ignore', 'ignore', 'inherit'] });
  const until = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const answer = await fetch(`${url}/demo.json`).catch(() => undefined);
    if (answer?.ok) break;
    if (child && child.exitCode !== null) throw new Error(`${PROGRAM} ended with ${child.exitCode}`);
    if (Date.now() > until) throw new Error(`no simulators at ${url}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  const control = async (path, body) => {
    const answer = await fetch(`${url}/control/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(json)}`);
    return json;
  };
  const stop = async () => {
    if (child && child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  };
  return { url, control, stop };
}
