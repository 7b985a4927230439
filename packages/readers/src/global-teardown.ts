import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename } from 'node:path';

/** Removes the folder of temporary files that the set-up made. */
export default function globalTeardown(): void {
  if (basename(tmpdir()).startsWith('atelier-tests-')) rmSync(tmpdir(), { recursive: true, force: true });
}
