import { AtelierError, type DatasetConfig } from '@atelier/core';
import { chooseBackend } from './backends.js';
import { graphEngine } from './graph-engine.js';
import { layersEngine } from './layers-engine.js';
import type { EngineInput, TrainEngine } from './train-engine.js';

/** The engine that runs, and why none better does. */
export interface EngineChoice {
  readonly engine: TrainEngine;
  /** For the one line that says what runs; empty where the best does, or the one that was asked for. */
  readonly passedOver: readonly string[];
}

/**
 * Makes the engine that was asked for or, with "auto", the fastest that is installed and can train the model.
 * @throws AtelierError NATIVE_UNAVAILABLE or MODEL_UNSUPPORTED where the one asked for cannot, or none can
 */
export async function chooseEngine(
  wanted: DatasetConfig['train']['engine'],
  input: EngineInput,
): Promise<EngineChoice> {
  if (wanted === 'graph') return { engine: await graphEngine(input), passedOver: [] };
  if (wanted === 'layers') return layers(input, []);
  try {
    return { engine: await graphEngine(input), passedOver: [] };
  } catch (error) {
    const expected =
      error instanceof AtelierError && ['NATIVE_UNAVAILABLE', 'MODEL_UNSUPPORTED'].includes(error.code);
    if (!expected) throw error;
    return layers(input, [`graph: ${error.problem}`]);
  }
}

async function layers(input: EngineInput, passedOver: readonly string[]): Promise<EngineChoice> {
  const choice = await chooseBackend(input.model);
  return {
    engine: await layersEngine(input, choice.backend),
    passedOver: [...passedOver, ...choice.passedOver],
  };
}

/** The line that says what runs, and, where it is not the best, why and how to get that. */
export function engineLine({ engine, passedOver }: EngineChoice): string {
  const line = `engine: ${engine.description}`;
  if (passedOver.length === 0) return line;
  return `${line}; not used: ${passedOver.join('; ')} ("npx atelier doctor" says what to mend)`;
}
