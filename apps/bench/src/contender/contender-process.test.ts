import { lastWords, startContender } from './contender-process.js';
import type { ContenderOptions } from './protocol.js';

const options: ContenderOptions = {
  mode: 'test',
  batchSize: 1,
  classes: 2,
  height: 3,
  width: 4,
  evaluateBatches: 5,
  jit: false,
  dataset: null,
  pictures: null,
};

/** A contender whose program is this script; `options` and `answer` are there for it. */
const start = (script: string) =>
  startContender(
    'the test',
    {
      file: process.execPath,
      args: [
        '--input-type=module',
        '--eval',
        `import { createInterface } from 'node:readline';
        const options = JSON.parse(process.argv.at(-1));
        const answer = (value) => console.log(JSON.stringify(value));
        ${script}`,
      ],
    },
    options,
  );
const READY = `answer({ ready: true, versions: { mode: options.mode } });`;
const ANSWER = (timings: string) =>
  `for await (const line of createInterface({ input: process.stdin })) { const { count } = JSON.parse(line); answer(${timings}); }`;

describe('startContender', () => {
  it('hands over the options, runs turns and lets the program end', async () => {
    const contender = await start(READY + ANSWER('{ durationsMs: Array(count).fill(2), loss: null }'));
    expect(contender.versions).toEqual({ mode: 'test' });
    expect(await contender.run({ count: 3 })).toEqual({ durationsMs: [2, 2, 2], loss: null });
    expect(await contender.run({ count: 1 })).toEqual({ durationsMs: [2], loss: null });
    await contender.close();
  });

  it.each([
    ['{ durationsMs: [], loss: 1 }', /gave 0 durations for 2/],
    ['{ durationsMs: [1, 0], loss: 1 }', /gave the duration 0/],
  ])('refuses the answer %s', async (timings, message) => {
    const contender = await start(READY + ANSWER(timings));
    await expect(contender.run({ count: 2 })).rejects.toThrow(message);
    await contender.close();
  });

  it('refuses a loss that is no number', async () => {
    const contender = await start(
      `${READY} process.stdin.once('data', () => console.log('{"durationsMs":[1],"loss":1e999}'));`,
    );
    await expect(contender.run({ count: 1 })).rejects.toThrow(/its loss is Infinity/);
    await contender.close();
  });

  it('says what a program says that is not an answer', async () => {
    await expect(start(`console.log('hello');`)).rejects.toThrow(/it answered "hello"/);
  });

  it('names the error of a program that fails', async () => {
    await expect(start(`throw new TypeError('broken on purpose');`)).rejects.toThrow(
      /Cannot measure the test: it ended with 1. It said: TypeError: broken on purpose/,
    );
    const later = await start(`${READY} process.stdin.once('data', () => process.exit(3));`);
    await expect(later.run({ count: 1 })).rejects.toThrow(/it ended with 3/);
    await later.close();
  });

  it('says what is missing', async () => {
    await expect(startContender('it', { file: '/no/such/program', args: [] }, options)).rejects.toThrow(
      /ENOENT/,
    );
  });
});

describe('lastWords', () => {
  it.each([
    ['', null],
    ['all is well\nRangeError: too far\n    at here\n\nNode.js v20', 'RangeError: too far'],
    ['  File "x.py", line 3\nKeyError: 4', 'KeyError: 4'],
    ['round-off errors\nthe pictures are of 3 classes\n', 'the pictures are of 3 classes'],
  ])('of %j', (said, words) => expect(lastWords(said)).toBe(words));
});
