import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '@atelier/core';
import type { PlannedItem, Stage } from './contract.js';

/**
 * The key of an item: the SHA-256 of everything that decides what it will be. Two items with the same key
 * have the same outputs, byte for byte.
 */
export function itemKey(stage: Pick<Stage, 'name' | 'version'>, config: Json, item: PlannedItem): string {
  const { inputs, params, outputs } = item;
  const settings = item.settings === undefined ? config : item.settings;
  return createHash('sha256')
    .update(canonicalJson({ stage: stage.name, version: stage.version, settings, inputs, params, outputs }))
    .digest('hex');
}
