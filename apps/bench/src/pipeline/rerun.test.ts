import { redoneByDvc } from './rerun.js';

/** What `dvc repro` 3.67.1 says when a parameter of the second of three stages has changed. */
const SECOND_OF_THREE = `Stage 'resize' didn't change, skipping
Running stage 'augment':
> python augment.py
made 215
Updating lock file 'dvc.lock'

Running stage 'normalize':
> python normalize.py
made 210
Updating lock file 'dvc.lock'
Use \`dvc push\` to send your updates to remote storage.
`;

describe('redoneByDvc', () => {
  it('takes the numbers that the scripts print, each for its stage', () =>
    expect(redoneByDvc(SECOND_OF_THREE)).toEqual({ resize: 0, augment: 215, normalize: 210 }));

  it('counts nothing where no stage ran', () =>
    expect(redoneByDvc('Data and pipelines are up to date.\n')).toEqual({
      resize: 0,
      augment: 0,
      normalize: 0,
    }));
});
