import { hash } from 'node:crypto';
import { canonicalJson, type Json } from '@atelier/core';
import type { PlannedItem, Stage } from './contract.js';

/**
 * Makes the function that gives each item of a stage its key: the SHA-256 of everything that decides what the
 * item will be. Two items with the same key have the same outputs, byte for byte.
 */
export function itemKeys(
  stage: Pick<Stage, 'name' | 'version'>,
  config: Json,
): (item: PlannedItem) => string {
  const { name, version } = stage;
  const written = new Map<Json, string>(); // settings are few and shared by many items
  const textOf = (settings: Json): string => {
    const text = written.get(settings) ?? canonicalJson(settings);
    written.set(settings, text);
    return text;
  };
  return ({ inputs, params, outputs, settings = config }) =>
    hash('sha256', `${name} ${version} ${textOf(settings)} ${canonicalJson({ inputs, outputs, params })}`);
}
