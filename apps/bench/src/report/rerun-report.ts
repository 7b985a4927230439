import type { RerunResults, RerunRow } from '../pipeline/rerun.js';
import { machineLine } from './rows.js';
import { section, type Report } from './report.js';

/** The report of `--only rerun`. */
export function rerunReport(results: RerunResults): Report {
  const { rows, machine, measuredOn, dvc, pictures } = results;
  return {
    name: 'rerun',
    title: 'What a change costs, beside DVC',
    facts: [machineLine(machine, measuredOn), `DVC ${dvc}; ${pictures} pictures, five of each`],
    sections: [
      section({
        title: 'Change by change',
        columns: [
          'change',
          'contender',
          'time',
          'processor time',
          'resized',
          'made as variants',
          'as tensors',
        ],
        rows: rows.map(rerunRow),
      }),
    ],
    notes: [
      'The same job: pictures of 640x480 to 160x160 JPEG, of each itself and four random variants, all of them as ' +
        'float32. Here it is `npx atelier preprocess`, six stages, which digests and checks the sources, labels ' +
        'and splits as well; there `dvc repro` over three scripts of Pillow that use all cores (apps/bench/peers/dvc), ' +
        'one .npy per class.',
      'In this order, change after change, the two in turn; each change three times (other pictures, other degrees), of ' +
        'which the medians count, everything from nothing once.',
      'DVC decides per stage, and its scripts make a stage anew as a whole; what its cache still holds it takes from ' +
        'there without running a script.',
    ],
    data: results,
  };
}

function rerunRow({ change, contender, wallMs, cpuMs, redone }: RerunRow): string[] {
  const seconds = (ms: number | null) => (ms === null ? 'not known' : `${(ms / 1000).toFixed(1)} s`);
  const { resize, augment, normalize } = redone;
  return [change, contender, seconds(wallMs), seconds(cpuMs), ...[resize, augment, normalize].map(String)];
}
