/** What was looked at, how it stands, and how to mend it. */
export interface Check {
  readonly name: string;
  /** `problem`: something that is needed is missing; `warning`: it works, but less well. */
  readonly level: 'ok' | 'warning' | 'problem';
  readonly found: string;
  /** What to do; null where there is nothing to mend. */
  readonly remedy: string | null;
}

/** Nothing to mend. */
export const ok = (name: string, found: string): Check => ({ name, level: 'ok', found, remedy: null });

/** It works, but less well than it could. */
export const warning = (name: string, found: string, remedy: string): Check => ({
  name,
  level: 'warning',
  found,
  remedy,
});

/** Something that is needed is missing. */
export const problem = (name: string, found: string, remedy: string): Check => ({
  name,
  level: 'problem',
  found,
  remedy,
});
