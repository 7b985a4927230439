// The program of a decoder pool's processes.
import { loadSharp } from '../codec.js';
import { performTask } from './perform-task.js';
import { endWithPool, serveTasks } from './serve-tasks.js';

endWithPool(); // while it starts, too
await loadSharp();
serveTasks(performTask);
