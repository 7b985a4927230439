import { runPython } from '@atelier/readers';
import { bytesPerValue, pixelEncoder } from './encode-pixels.js';

/** Every value in every channel: uint8 [256, 1, 3]. */
const ramp = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
const statistics = {
  mean: [0.485, 0.456, 0.406] as [number, number, number],
  std: [0.229, 0.224, 0.225] as [number, number, number],
};

describe('pixelEncoder', () => {
  it.each([
    ['float32', null],
    ['float16', null],
    ['float32', statistics],
    ['float16', statistics],
  ] as const)('gives every value as numpy computes it, as %s, standardized by %j', (dtype, by) => {
    const tensor = pixelEncoder(dtype, by)(ramp);
    const script = `
import numpy as np
values = np.repeat(np.arange(256, dtype=np.float64)[:, None], 3, 1) / 255
if ARGS["by"]:
    values = (values - ARGS["by"]["mean"]) / ARGS["by"]["std"]
else: # in single precision it is the same
    assert ((np.arange(256, dtype=np.float32) / np.float32(255))[:, None] == values.astype(np.float32)).all()
RESULT = values.astype(ARGS["dtype"]).view("uint16" if ARGS["dtype"] == "float16" else "uint32").ravel()`;
    const bits = dtype === 'float16' ? tensor : new Uint32Array(tensor.buffer);
    expect([...bits]).toEqual(runPython(script, { dtype, by }));
  });

  it('keeps the pixels as uint8', () => {
    expect(pixelEncoder('uint8', null)(ramp)).toEqual(ramp);
    expect(pixelEncoder('uint8', statistics)(ramp)).toEqual(ramp);
  });

  it('stays in [0, 1], both ends reached, without NaN', () => {
    const tensor = [...pixelEncoder('float32', null)(ramp)];
    expect([Math.min(...tensor), Math.max(...tensor)]).toEqual([0, 1]);
    expect(tensor.every(Number.isFinite)).toBe(true);
  });

  it('knows the bytes of a value', () => {
    expect([bytesPerValue('float32'), bytesPerValue('float16'), bytesPerValue('uint8')]).toEqual([4, 2, 1]);
  });
});
