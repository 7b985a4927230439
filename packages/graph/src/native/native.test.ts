import { join } from 'node:path';

import { loadBinding, type NativeBinding } from './binding.js';
import { ensureNative } from './ensure-native.js';
import { tfjsNodeFolder } from './native-paths.js';
import { nativeState, type NativeState } from './native-state.js';
import { type CommandResult, runCommand } from './run-command.js';
import { TENSORFLOW_VERSION } from './wheels.js';

/** The TensorFlow each source brings: libtensorflow of tfjs-node 4.22.0's installer, ours of the wheel. */
const VERSIONS: Record<NativeState['kind'], string> = {
  'tfjs-node-download': '2.9.1',
  wheel: TENSORFLOW_VERSION,
  none: 'none',
};

/** Runs a script in a Node of its own, which resolves modules as tfjs-node does. */
const node = (script: string, env: NodeJS.ProcessEnv = {}): Promise<CommandResult> =>
  runCommand({
    file: process.execPath,
    args: ['-e', script],
    cwd: tfjsNodeFolder(),
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    limitMs: 60_000,
  });

describe('native TensorFlow, really installed', () => {
  let state: NativeState;
  let binding: NativeBinding;
  // on a machine that has none yet this downloads 274 MB and compiles; where that cannot be done, these tests fail
  beforeAll(async () => {
    state = await ensureNative({ report: () => undefined });
    binding = loadBinding();
  }, 900_000);

  it('is the version that its source brings, and nativeState says the same', () => {
    expect(binding.TF_Version).toBe(VERSIONS[state.kind]);
    expect(state.tensorflowVersion).toBe(binding.TF_Version);
    expect(nativeState()).toEqual(state);
    expect(state.problem).toBeNull();
  });

  it('keeps tensors and gives their values back', () => {
    const before = binding.getNumOfTensors();
    const id = binding.createTensor([2, 3], binding.TF_FLOAT, new Float32Array([1, 2, 3, 4, 5, 6.5]));
    expect([...(binding.tensorDataSync(id) as Float32Array)]).toEqual([1, 2, 3, 4, 5, 6.5]);
    binding.deleteTensor(id);
    expect(binding.getNumOfTensors()).toBe(before);
  });

  it('throws readable errors', () => {
    expect(() => binding.createTensor([3], binding.TF_FLOAT, new Float32Array(2))).toThrow(
      /Shape does not match/,
    );
    expect(() => binding.loadSavedModel(join('no', 'such', 'folder'), 'serve')).toThrow(
      /Could not find SavedModel/,
    );
  });

  const SUM = `const tf = require('.'); console.log(tf.getBackend(), tf.matMul([[1, 2]], [[3], [4]]).dataSync()[0]);`;

  it("serves require('@tensorflow/tfjs-node') as well, without a word on stderr", async () => {
    expect(await node(SUM, { TF_CPP_MIN_LOG_LEVEL: undefined })).toMatchObject({
      ok: true,
      stdout: 'tensorflow 11\n',
      stderr: '',
    });
  });

  it("lets a person's own log level stand", async () => {
    expect((await node(SUM, { TF_CPP_MIN_LOG_LEVEL: '0' })).stderr).toMatch(/cpu_feature_guard/);
  });

  it('works in a worker thread', async () => {
    const worker = `const b = require(process.env.ADDON);
      const id = b.createTensor([1], b.TF_INT32, new Int32Array([7]));
      console.log(b.tensorDataSync(id)[0]);`;
    const script = `new (require('worker_threads').Worker)(${JSON.stringify(worker)}, { eval: true });`;
    expect(await node(script, { ADDON: state.addonPath ?? '' })).toMatchObject({
      ok: true,
      stdout: '7\n',
      stderr: '',
    });
  });
});
