import { ok, problem, warning, type Check } from './check.js';
import { isInRange } from './version-range.js';

const GB = 1e9;
const gigabytes = (bytes: number) => `${(bytes / GB).toFixed(1)} GB`;

/** What training the default network takes at its peak, with room for the rest. */
const ENOUGH_MEMORY = 3 * GB;
/** Room for some thousand pictures: a source with its five variants takes about 7 MB as float32 tensors and JPEGs. */
const ENOUGH_DISK = 5 * GB;
/** With less than this not even a small dataset can be written. */
const LEAST_DISK = 0.5 * GB;

/** Node against "engines" of package.json. */
export function nodeCheck(version: string, range: string): Check {
  if (isInRange(version, range)) return ok('Node', version);
  return problem('Node', `${version}, ${range} is needed`, 'Install Node 20 or 22.');
}

/** npm against "engines" of package.json; undefined where it cannot be started. */
export function npmCheck(version: string | undefined, range: string): Check {
  if (version === undefined) return warning('npm', 'not found', 'Install npm; it comes with Node.');
  if (isInRange(version, range)) return ok('npm', version);
  return warning('npm', `${version}, ${range} is needed`, 'Run: npm install --global npm@latest.');
}

/** sharp, the picture codec; an Error where it does not load. */
export function sharpCheck(versions: { sharp: string; vips: string } | Error): Check {
  if (!(versions instanceof Error)) return ok('sharp', `${versions.sharp} with libvips ${versions.vips}`);
  return problem(
    'sharp',
    `it does not load: ${versions.message.split('\n')[0]}`,
    'Run "npm ci" again on this machine: sharp installs a binary for each platform.',
  );
}

/** Cores and memory. @param bytes what this process may use: the machine's, or its container's limit */
export function machineChecks({ cores, bytes }: { cores: number; bytes: number }): Check[] {
  const memory = gigabytes(bytes);
  return [
    ok('cores', String(cores)),
    bytes >= ENOUGH_MEMORY
      ? ok('memory', memory)
      : warning('memory', memory, 'Training may run out of memory: lower train.batchSize in dataset.json.'),
  ];
}

/** Free space where datasets are written. */
export function diskCheck(folder: string, freeBytes: number): Check {
  const found = `${gigabytes(freeBytes)} free in ${folder}`;
  if (freeBytes < LEAST_DISK) return problem('disk', found, 'Free some space.');
  if (freeBytes >= ENOUGH_DISK) return ok('disk', found);
  return warning('disk', found, 'Free some space, or choose normalize.dtype "uint8", a quarter of float32.');
}
