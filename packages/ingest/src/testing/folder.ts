// Folders of the tests: in a temporary place, removed at the end of each test.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A folder that each test of the file gets anew; call it at the top of the file. */
export function temporaryFolder(): () => string {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'atelier-ingest-'))));
  afterEach(() => rm(folder, { recursive: true }));
  return () => folder;
}

/** Writes files below a folder, by their "/"-separated paths; a path that ends in "/" is an empty folder. */
export async function plant(folder: string, files: Readonly<Record<string, Uint8Array | string>>) {
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    await mkdir(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (!path.endsWith('/')) await writeFile(full, content);
  }
}
