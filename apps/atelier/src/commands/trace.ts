import { printable } from '@atelier/core';
import { openDataset, resolveDataset, startFolder, traceSource, type Trace } from '@atelier/stage';
import { defineCommand, printJson, printLines, SHARED_OPTIONS } from '../command.js';

/** `atelier trace FILE`: one picture through every stage; changes nothing. */
export const trace = defineCommand({
  name: 'trace',
  takes: '<picture>',
  description: 'follow one picture through every stage: files, parameters, keys, reasons; changes nothing',
  positionals: {
    picture: {
      type: 'string',
      demandOption: true,
      describe: 'a source picture, any file made from it, or a sample id',
    },
  },
  options: { dataset: SHARED_OPTIONS.dataset, set: SHARED_OPTIONS.set, json: SHARED_OPTIONS.json },
  async run({ picture, dataset: folder, set, json }) {
    const dataset = await openDataset(resolveDataset(folder), set);
    const found = await traceSource(dataset, picture, startFolder());
    if (json) printJson(found);
    else printLines(traceLines(found));
  },
});

/** Digests as a person can compare them. */
const short = (digest: string) => digest.slice(0, 12);

/** The trace for people: one block per stage, one paragraph per item. */
export function traceLines({ sourceId, stages }: Trace): string[] {
  const lines = [printable(sourceId)];
  for (const { stage, cutOff, items } of stages) {
    const note = cutOff ? ' (its last run was cut off while committing; the next one completes that)' : '';
    lines.push('', items.length === 0 ? `${stage}: nothing${note}` : `${stage}${note}`);
    for (const { id, key, params = {}, data = {}, inputs = {}, outputs, quarantine, made } of items) {
      lines.push(`  ${printable(id)}`);
      const { samples: _rows, ...settings } = params;
      const facts = Object.entries({ ...settings, ...data }).map(
        ([name, value]) => `${name} ${JSON.stringify(value)}`,
      );
      const read = Object.entries(inputs);
      const shown = read.length > 3 ? read.filter(([path]) => path.includes(stem(sourceId))) : read;
      for (const [path, digest] of shown) lines.push(`    from ${printable(path)} (${short(digest)})`);
      if (shown.length < read.length) lines.push(`    and from ${read.length - shown.length} other files`);
      for (const { path, sizeBytes, sha256 } of outputs) {
        lines.push(`    to   ${printable(path)} (${short(sha256)}, ${sizeBytes} bytes)`);
      }
      if (facts.length > 0) lines.push(`    ${printable(facts.join(', '))}`);
      if (quarantine !== undefined)
        lines.push(`    in quarantine: ${printable(`${quarantine.reason}. ${quarantine.remedy}`)}`);
      lines.push(
        `    key ${short(key)}, ${made === null ? 'made at a time that is not known' : `made ${made.at}: ${printable(made.reason)}`}`,
      );
    }
  }
  return lines;
}

/** The file's name without its extension: part of the names of all that is made from it. */
function stem(sourceId: string): string {
  const name = sourceId.slice(sourceId.lastIndexOf('/') + 1);
  return name.replace(/\.jpg$/u, '');
}
