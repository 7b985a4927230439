/** Stage 2: every picture decoded once, upright, sRGB, at one size. */
export { resize } from './resize.js';
