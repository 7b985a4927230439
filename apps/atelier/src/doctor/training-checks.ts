import type { NativeState } from '@atelier/graph';
import { ok, warning, type Check } from './check.js';

/** What decides how training runs. */
export interface TrainingFacts {
  readonly native: NativeState;
  /** Why the addon does not load though it is installed; null where it loads or none is installed. */
  readonly loadProblem: string | null;
  /** What training runs on without it. */
  readonly slowBackend: string;
  /** The first C++ compiler and pip that can be started; null where there is none. */
  readonly compiler: string | null;
  readonly pip: string | null;
}

const INSTALL = 'Run: npx atelier doctor --install.';

/** Native TensorFlow, what it takes to install it where it is missing, and what training will run on. */
export function trainingChecks(facts: TrainingFacts): Check[] {
  const tools = isUsable(facts) ? [] : toolChecks(facts);
  return [nativeCheck(facts), ...tools, engineCheck(facts)];
}

const isUsable = ({ native, loadProblem }: TrainingFacts) =>
  native.kind !== 'none' && native.problem === null && loadProblem === null;

function nativeCheck({ native, loadProblem }: TrainingFacts): Check {
  const name = 'native TensorFlow';
  const why = native.problem ?? loadProblem;
  if (why !== null) return warning(name, why, INSTALL);
  const source = native.kind === 'wheel' ? "PyPI's wheel" : "tfjs-node's own download";
  return ok(name, `${native.tensorflowVersion} from ${source}, ${native.platform}`);
}

/** What the installation needs where tfjs-node's own download cannot be had. */
function toolChecks({ compiler, pip }: TrainingFacts): Check[] {
  return [
    compiler === null
      ? warning('C++ compiler', 'none found', 'Install g++ or clang, or name one in CXX.')
      : ok('C++ compiler', compiler),
    pip === null ? warning('pip', 'none found', 'Install Python 3 with pip.') : ok('pip', pip),
  ];
}

function engineCheck(facts: TrainingFacts): Check {
  const name = 'training';
  const { native } = facts;
  if (isUsable(facts)) return ok(name, `graph engine on native TensorFlow ${native.tensorflowVersion}`);
  return warning(name, `layers engine on ${facts.slowBackend}, since native TensorFlow is missing`, INSTALL);
}
