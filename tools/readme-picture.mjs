// Makes docs/what-comes-out.jpg from the sample: run `npm start` first, then `node tools/readme-picture.mjs`.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import sharp from 'sharp';

const root = fileURLToPath(new URL('..', import.meta.url));
const dataset = join(root, 'datasets/sample');
const cell = 150;
const head = 26;
const columns = ['images/', 'resized_images/', 'generated_images/ (variants 1-4)', '', '', ''];

const lines = readFileSync(join(dataset, 'generated_images/manifest.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .slice(1, -1);
const items = lines.map((line) => JSON.parse(line)).filter((item) => item.params.split === 'train');
const byClass = new Map();
for (const item of items)
  if (!byClass.has(item.params.className)) byClass.set(item.params.className, item.params.sourceId);
const sources = [2, 3, 4, 6].map((i) => [...byClass.values()][i]);

const cells = [];
for (const [row, source] of sources.entries()) {
  const files = items
    .filter((item) => item.params.sourceId === source)
    .map((item) => join(dataset, item.outputs[0].path));
  const pictures = [join(dataset, 'images', source), ...files];
  for (const [column, file] of pictures.entries()) {
    const fit = column === 0 ? 'contain' : 'fill';
    const input = await sharp(file)
      .resize(cell - 6, cell - 6, { fit, background: '#ffffff' })
      .toBuffer();
    cells.push({ input, left: column * cell + 3, top: head + row * cell + 3 });
  }
}
const labels = columns.map((text, i) => `<text x="${i * cell + 5}" y="18">${text}</text>`).join('');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${columns.length * cell}" height="${head}"
  font-family="DejaVu Sans, sans-serif" font-size="13" fill="#333">${labels}</svg>`;
await sharp({
  create: {
    width: columns.length * cell,
    height: head + sources.length * cell,
    channels: 3,
    background: '#ffffff',
  },
})
  .composite([{ input: Buffer.from(svg), left: 0, top: 0 }, ...cells])
  .jpeg({ quality: 82, mozjpeg: true })
  .toFile(join(root, 'docs/what-comes-out.jpg'));
