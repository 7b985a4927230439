import { randomBytes } from 'node:crypto';
import { AtelierError } from '@atelier/core';
import { resolveDataset } from '@atelier/stage';
import { openStore } from '../dataset/artifact-store.js';
import type { ApiServer } from '../server/api.js';
import { createServer } from '../server/create-server.js';
import { LOOPBACK, portsToTry, type InspectOptions } from './arguments.js';

/** How long answers that are under way are waited for. */
const GRACE_MS = 2000;

/** Serves a dataset until it is stopped. The address goes to stdout, everything else to stderr. */
export async function inspect(options: InspectOptions): Promise<void> {
  const store = await openStore(resolveDataset(options.dataset));
  store.pictures().catch(() => undefined); // read ahead; who asks for them is told what is wrong
  const isLocal = [LOOPBACK, 'localhost', '::1'].includes(options.host);
  const token = isLocal ? null : randomBytes(24).toString('base64url');
  const app = await createServer({ store, host: options.host, token });
  const port = await listen(app, options);
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  const url = `http://${host}:${port}/${token === null ? '' : `?token=${token}`}`;
  process.stdout.write(`${url}\n`);
  process.stderr.write(`The inspector shows ${store.root}. Stop it with Ctrl-C.\n`);
  if (!isLocal) process.stderr.write('Whoever has the whole address can look at the dataset.\n');
  if (options.open && process.stdout.isTTY) await openBrowser(url);
  await stopSignal();
  // nothing is written, so nothing is lost where an answer does not come to its end
  setTimeout(() => process.exit(), GRACE_MS).unref();
  await Promise.all([app.close(), store.close()]);
}

async function listen(app: ApiServer, { host, port }: InspectOptions): Promise<number> {
  const ports = portsToTry(port);
  for (const [i, candidate] of ports.entries()) {
    try {
      await app.listen({ host, port: candidate });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : candidate;
    } catch (error) {
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (taken && i < ports.length - 1) continue;
      throw new AtelierError({
        code: 'USAGE',
        action: `listen on ${host}, port ${candidate}`,
        problem: taken ? 'another program has it' : (error as Error).message,
        hint: 'Give another --port or --host.',
        cause: error,
      });
    }
  }
  throw new Error('no port was tried');
}

async function openBrowser(url: string): Promise<void> {
  const { default: open } = await import('open');
  // without a browser the printed address does
  await open(url).catch(() => process.stderr.write('No browser opened: open the address above.\n'));
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
}
