import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { venvPython } from './ensure-readers.js';

/**
 * Runs before the caller's script. Whatever the script or its libraries print goes to stderr, so that stdout holds
 * the result and nothing else. numpy values in RESULT become lists and numbers.
 */
const bootstrap = `
import json, os, sys
answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)
call = json.loads(sys.stdin.buffer.read().decode("utf-8"))
scope = {"__name__": "__main__", "ARGS": call["args"]}
exec(compile(call["script"], "<script>", "exec"), scope)
if "RESULT" not in scope:
    sys.exit("the script assigned nothing to RESULT")
def plain(value):
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError("RESULT holds a %s, which JSON cannot" % type(value).__name__)
json.dump(scope["RESULT"], answer, default=plain, allow_nan=False)
answer.flush()
os._exit(0)
`;
const timeoutMs = 10 * 60_000;

/**
 * Runs Python source in the tests' virtual environment, isolated from PYTHON* variables, the user's packages and
 * the working folder's modules (`-I`). Synchronous.
 * @param script the source; it finds `args` in the variable ARGS and assigns its answer to RESULT
 * @param args anything JSON can hold; null when left out
 * @returns RESULT, through JSON (numpy arrays as nested lists; NaN and infinities are refused)
 * @throws Error with the last lines of stderr when the script fails
 */
export function runPython(script: string, args: unknown = null): unknown {
  const python = venvPython();
  if (!existsSync(python)) {
    throw new Error(
      `Cannot run ${python}: it is not there. Run the tests through jest, whose set-up makes it.`,
    );
  }
  const { status, signal, stdout, stderr, error } = spawnSync(python, ['-I', '-X', 'utf8', '-c', bootstrap], {
    input: JSON.stringify({ script, args }),
    encoding: 'utf8',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '', KERAS_BACKEND: 'tensorflow' },
    maxBuffer: 2 ** 30,
    timeout: timeoutMs,
  });
  if (error !== undefined) throw new Error(`Cannot run ${python}: ${error.message}.`, { cause: error });
  if (status !== 0) {
    const lastWords = stderr.trim().split('\n').slice(-15).join('\n');
    throw new Error(`The Python script ended with ${status ?? signal}:\n${lastWords}`);
  }
  return JSON.parse(stdout) as unknown;
}
