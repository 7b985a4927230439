// What is published: every package packs, goes into an empty project, and the example of its README runs there.
import { execFile, execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const workspace = fileURLToPath(new URL('..', import.meta.url));

interface Package {
  readonly name: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Package;
const folders = readdirSync(join(workspace, 'packages')).filter((folder) => {
  const path = join(workspace, 'packages', folder, 'package.json');
  return existsSync(path) && read(path).private !== true;
});

let project: string;
const placed = (name: string) => join(project, 'node_modules', name);

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'atelier-project-'));
  writeFileSync(join(project, 'package.json'), '{"type":"module"}');
  const places = folders.flatMap((folder) => ['--workspace', `packages/${folder}`]);
  const packed = execFileSync(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', project, ...places],
    {
      cwd: workspace,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 1 << 26,
    },
  );
  const list = JSON.parse(packed) as Record<string, unknown> | unknown[];
  const files = (Array.isArray(list) ? list : Object.values(list)) as { name: string; filename: string }[];
  expect(files).toHaveLength(folders.length);
  for (const { name, filename } of files) {
    mkdirSync(placed(name), { recursive: true });
    const archive = join(project, filename.replace('@', '').replace('/', '-'));
    execFileSync('tar', ['-xzf', archive, '--strip-components=1', '-C', placed(name)]);
    provide(name);
  }
  // a processor is idle while an example waits for its decoders: two at once
  const queue = [...folders];
  const runner = async () => {
    for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
      ran.set(folder, await runExample(folder));
    }
  };
  await Promise.all([runner(), runner()]);
}, 240_000);
afterAll(() => rmSync(project, { recursive: true, force: true }));

/** What npm would fetch: the packages of others that this one names, and no more. */
function provide(name: string): void {
  for (const other of Object.keys(read(join(placed(name), 'package.json')).dependencies ?? {})) {
    if (other.startsWith('@atelier/')) continue;
    const own = join(workspace, 'packages', name.slice('@atelier/'.length), 'node_modules', other);
    const from = existsSync(own) ? own : join(workspace, 'node_modules', other);
    const to = join(placed(name), 'node_modules', other);
    mkdirSync(dirname(to), { recursive: true });
    symlinkSync(from, to);
    if (!existsSync(placed(other))) {
      mkdirSync(dirname(placed(other)), { recursive: true });
      symlinkSync(from, placed(other));
    }
  }
}

/** What came of an example: why it failed, or nothing; and what it printed. */
interface Ran {
  readonly error: string;
  readonly stdout: string;
}
const ran = new Map<string, Ran>();

/** Runs the first example of a README, which has to use its own package. */
function runExample(folder: string): Promise<Ran> {
  const name = `@atelier/${folder}`;
  const readme = readFileSync(join(placed(name), 'README.md'), 'utf8');
  const example = /^```js\n(.*?)^```$/msu.exec(readme)?.[1] ?? '';
  if (!example.includes(`from '${name}'`)) return Promise.resolve({ error: 'no example', stdout: '' });
  const path = join(project, `${folder}.mjs`);
  writeFileSync(path, example);
  return new Promise((resolve) => {
    execFile(process.execPath, [path], { cwd: project }, (error, stdout, stderr) =>
      resolve({ error: error === null ? '' : `${error.message}\n${stderr}`, stdout }),
    );
  });
}

describe.each(folders)('packages/%s', (folder) => {
  const name = `@atelier/${folder}`;

  it('holds what its exports name, types, licence and README, and no tests', () => {
    const { exports = {}, license } = read(join(placed(name), 'package.json'));
    expect(license).toBe('MIT');
    const named = Object.values(exports).flatMap((entry) => Object.values(entry));
    expect(named.length).toBeGreaterThanOrEqual(3);
    for (const path of ['LICENSE', 'README.md', ...named]) {
      expect([path, existsSync(join(placed(name), path))]).toEqual([path, true]);
    }
    const files = readdirSync(placed(name), { recursive: true }) as string[];
    const own = files.filter((path) => !path.startsWith('node_modules'));
    expect(own.filter((path) => /\.test\.|tsbuildinfo/.test(path))).toEqual([]);
  });

  it("runs its README's example", () => {
    const { error, stdout } = ran.get(folder) as Ran;
    expect(error).toBe('');
    expect(stdout).not.toBe('');
  });
});
