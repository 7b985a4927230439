import { AtelierError, messageOf } from '@atelier/core';

/** What `assembly/kernel.ts` exports. */
export interface Kernel {
  memory: { readonly buffer: ArrayBuffer };
  configure(width: number, height: number): number;
  affineAddress(): number;
  sourceAddress(): number;
  targetAddress(): number;
  warp(fill: number): void;
  contrastGrey(factor: number): void;
  contrastChannels(factor: number): void;
}

/** The part of the platform's WebAssembly that is used here; Node's types leave it to the browser's. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object): Promise<{ exports: unknown }>;
};

let compiled: Promise<object> | undefined;

/**
 * A fresh instance of the WebAssembly kernel, with a memory of its own; compiled once per thread. The one place of
 * this package that touches the file system: the file is `dist/kernel.wasm`, for this source and for its built copy.
 * @throws AtelierError NATIVE_UNAVAILABLE when the build has not made it or the engine cannot run it
 */
export async function instantiateKernel(): Promise<Kernel> {
  compiled ??= compile();
  return (await WebAssembly.instantiate(await compiled)).exports as Kernel;
}

async function compile(): Promise<object> {
  const { readFile } = await import('node:fs/promises');
  const { fileURLToPath } = await import('node:url');
  const path = fileURLToPath(new URL('../dist/kernel.wasm', import.meta.url));
  try {
    return await WebAssembly.compile(await readFile(path));
  } catch (cause) {
    compiled = undefined;
    throw new AtelierError({
      code: 'NATIVE_UNAVAILABLE',
      action: 'load the WebAssembly kernel',
      path,
      problem: messageOf(cause),
      hint: 'Build it with `npm run build`; it needs a JavaScript engine with WebAssembly SIMD.',
      cause,
    });
  }
}
