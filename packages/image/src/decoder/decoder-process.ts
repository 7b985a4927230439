// The program of a decoder pool's processes.
import { loadSharp } from '../codec.js';
import { performTask } from './perform-task.js';
import { serveTasks } from './serve-tasks.js';

await loadSharp();
serveTasks(performTask);
