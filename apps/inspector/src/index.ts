/**
 * The inspector: a local, read-only web page on every artifact of one dataset. `createServer` answers, `openStore` knows
 * the dataset; the front end is in web/.
 */
export { createServer, type ServerOptions } from './server/create-server.js';
export { openStore, type ArtifactStore } from './dataset/artifact-store.js';
export { renderSvg } from './charts/render-svg.js';
export type { Chart } from './charts/chart.js';
