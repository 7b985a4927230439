import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { EpochRecord } from '../fit/training-state.js';
import { encodeEvent, encodeRecord, type TrainingEvent } from './tensorboard-event.js';

/** Event files that are appended to after each epoch. */
export interface EventFiles {
  append(record: EpochRecord): Promise<void>;
}

/**
 * Writes event files for TensorBoard, laid out as Keras' callback does: `train/` and `validation/`, each with the
 * scalars `epoch_loss` and `epoch_accuracy`, and `epoch_learning_rate` in train/. Show them with
 * `tensorboard --logdir models/<run>/tensorboard`.
 * @param history epochs that were trained before: the files begin with them
 */
export async function eventFiles(dir: string, history: readonly EpochRecord[]): Promise<EventFiles> {
  const file = (split: string) => path.join(dir, split, 'events.out.tfevents.0.atelier');
  for (const split of ['train', 'validation']) {
    await mkdir(path.dirname(file(split)), { recursive: true });
    const first = encodeRecord(encodeEvent({ wallTime: seconds(), fileVersion: 'brain.Event:2' }));
    await writeFile(file(split), first);
  }
  const append = async (record: EpochRecord) => {
    const { train, validation } = scalarsOf(record);
    await appendFile(file('train'), eventBytes(record.epoch, train));
    await appendFile(file('validation'), eventBytes(record.epoch, validation));
  };
  for (const record of history) await append(record);
  return { append };
}

const seconds = () => Date.now() / 1000;

function scalarsOf(record: EpochRecord): Record<'train' | 'validation', Record<string, number | null>> {
  return {
    train: {
      epoch_loss: record.loss,
      epoch_accuracy: record.accuracy,
      epoch_learning_rate: record.learningRate,
    },
    validation: { epoch_loss: record.valLoss, epoch_accuracy: record.valAccuracy },
  };
}

/** One record for each scalar. @param epoch from 1; TensorBoard counts as Keras does, from 0 */
function eventBytes(epoch: number, scalars: Record<string, number | null>): Uint8Array {
  const events = Object.entries(scalars).flatMap(([tag, value]): TrainingEvent[] =>
    value === null ? [] : [{ wallTime: seconds(), step: epoch - 1, scalar: { tag, value } }],
  );
  return Buffer.concat(events.map((event) => encodeRecord(encodeEvent(event))));
}
