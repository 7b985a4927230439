import type { LoadedBatch } from './batch-source.js';

/** Slots that two threads pass back and forth; every member is shared memory. */
export interface BatchRing {
  readonly slots: number;
  /** Rows that a slot can hold. */
  readonly capacity: number;
  /** Values of one picture. */
  readonly pictureLength: number;
  /** int32 [slots + 1]: whether each slot is full; then the number of the pass that is to be broken off. */
  readonly control: SharedArrayBuffer;
  readonly pixels: SharedArrayBuffer;
  readonly labels: SharedArrayBuffer;
  readonly rows: SharedArrayBuffer;
}

const FREE = 0;
const FULL = 1;

/** Makes a ring; it is all the memory that loading takes, whatever the size of the dataset. */
export function batchRing(size: { slots: number; capacity: number; pictureLength: number }): BatchRing {
  const { slots, capacity, pictureLength } = size;
  return {
    ...size,
    control: new SharedArrayBuffer((slots + 1) * Int32Array.BYTES_PER_ELEMENT),
    pixels: new SharedArrayBuffer(slots * capacity * pictureLength),
    labels: new SharedArrayBuffer(slots * capacity * Int32Array.BYTES_PER_ELEMENT),
    rows: new SharedArrayBuffer(slots * capacity * Uint32Array.BYTES_PER_ELEMENT),
  };
}

/** A slot's memory as a batch of `count` rows. */
export function slotBatch(ring: BatchRing, slot: number, count: number): LoadedBatch {
  const { capacity, pictureLength } = ring;
  return {
    pixels: new Uint8Array(ring.pixels, slot * capacity * pictureLength, count * pictureLength),
    labels: new Int32Array(ring.labels, slot * capacity * Int32Array.BYTES_PER_ELEMENT, count),
    rows: new Uint32Array(ring.rows, slot * capacity * Uint32Array.BYTES_PER_ELEMENT, count),
  };
}

/** Blocks the calling thread until a slot is free. @returns false where the pass was broken off meanwhile */
export function waitForSlot(ring: BatchRing, slot: number, pass: number): boolean {
  const control = new Int32Array(ring.control);
  while (Atomics.load(control, ring.slots) !== pass) {
    if (Atomics.load(control, slot) === FREE) return true;
    Atomics.wait(control, slot, FULL);
  }
  return false;
}

/** Says that a slot holds a batch. */
export function markFull(ring: BatchRing, slot: number): void {
  Atomics.store(new Int32Array(ring.control), slot, FULL);
}

/** Says that a slot's batch has been used, and wakes who waits for it. */
export function release(ring: BatchRing, slot: number): void {
  const control = new Int32Array(ring.control);
  Atomics.store(control, slot, FREE);
  Atomics.notify(control, slot);
}

/** Breaks a pass off; who waits for a slot is woken. */
export function breakOff(ring: BatchRing, pass: number): void {
  const control = new Int32Array(ring.control);
  Atomics.store(control, ring.slots, pass);
  for (let slot = 0; slot < ring.slots; slot++) release(ring, slot);
}
