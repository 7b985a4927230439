import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ensurePythonPeers, type PythonPlace } from './python-peers.js';

/** Makes an environment whose pip only looks for the word "missing" in the requirements. */
const PYTHON = `#!/bin/sh
for last; do :; done
if [ "$2" = venv ]; then
  rm -rf "$last" && mkdir -p "$last/bin" && cp "$0" "$last/bin/python"
elif grep -q missing "$last"; then
  echo "ERROR: No matching distribution found" >&2
  exit 1
fi
`;

describe('ensurePythonPeers', () => {
  let folder: string;
  let place: PythonPlace;
  const said: string[] = [];
  const report = (line: string) => void said.push(line);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'bench-venv-'));
    place = {
      name: 'nothing',
      requirements: path.join(folder, 'requirements.txt'),
      venv: path.join(folder, 'venv'),
      systemPython: path.join(folder, 'python'),
    };
    await writeFile(place.systemPython, PYTHON);
    await chmod(place.systemPython, 0o755);
    await writeFile(place.requirements, '# nothing to install\n');
    said.length = 0;
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes the environment once, and afresh when the requirements change', async () => {
    expect(await ensurePythonPeers(place, report)).toBe(path.join(place.venv, 'bin/python'));
    await writeFile(path.join(place.venv, 'left-over'), '');
    await ensurePythonPeers(place, report);
    expect(said).toHaveLength(1);
    await writeFile(place.requirements, '# changed\n');
    await ensurePythonPeers(place, report);
    expect(said).toHaveLength(2);
    expect(await readdir(place.venv)).not.toContain('left-over');
  });

  it('says what pip said, and is not taken for made', async () => {
    await writeFile(place.requirements, 'missing==1.0\n');
    await expect(ensurePythonPeers(place, report)).rejects.toThrow(
      /-m pip install: it ended with 1[^]*No matching distribution[^]*package index/,
    );
    await expect(ensurePythonPeers(place, report)).rejects.toThrow(/-m pip/);
  });

  it('says what to install where there is no Python', async () => {
    const systemPython = 'python-that-is-not-there';
    await expect(ensurePythonPeers({ ...place, systemPython }, report)).rejects.toThrow(
      /ENOENT[^]*Install Python 3\.11/,
    );
  });
});
