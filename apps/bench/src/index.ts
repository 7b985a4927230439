/**
 * Side-by-side measurements of training: this project, Keras and tfjs-node take turns at the same work, each in a process
 * of its own. `plan` says who does what in which order, `contender` runs it, `peer` holds our and tfjs-node's programs
 * (Keras' is peers/keras_peer.py), `report` sums it up.
 */
export { runBench } from './run-bench.js';
export { TASKS, type Contender, type Task } from './plan/tasks.js';
export type { Settings } from './plan/settings.js';
export type { Results, TaskResult } from './report/results.js';
