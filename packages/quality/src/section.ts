import type { Facts } from './facts.js';

/**
 * `error`: a number that is judged by will be wrong (one picture under two labels, or on two sides of the split);
 * `warning`: probably a mistake; `note`: worth a look.
 */
export type Severity = 'error' | 'warning' | 'note';

/** One thing that was found. */
export interface Finding {
  /** On one line; names are as they are, so escape it before printing. */
  readonly text: string;
  /** The sourceIds it is about, by code point. */
  readonly pictures: readonly string[];
  /** The classes it is about. */
  readonly classes: readonly string[];
  /** For a class that should be renamed: its name and the one it should have. */
  readonly rename?: { readonly from: string; readonly to: string };
}

/** Findings of one kind. */
export interface Section {
  /** Stable: scripts may match on it. */
  readonly kind: string;
  readonly severity: Severity;
  readonly title: string;
  /** Why it matters and what to do about it. */
  readonly advice: string;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/** The settings that decide what is odd. */
export interface QualitySettings {
  readonly resize: { readonly width: number; readonly height: number };
  readonly split: { readonly groupNearDuplicates: boolean };
}

/** One look at the facts: all the sections it can give by what is known, empty ones too. */
export type Look = (facts: Facts, settings: QualitySettings) => readonly Section[];
