/** Every code an {@link AtelierError} can carry. A code is stable: scripts may match on it. */
export type ErrorCode =
  | 'CONFIG_INVALID'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_UNREADABLE'
  | 'USAGE'
  | 'DATASET_MISSING'
  | 'INPUT_MISSING'
  | 'INPUT_CHANGED'
  | 'INPUT_INVALID'
  | 'MANIFEST_DAMAGED'
  | 'ARTIFACT_DAMAGED'
  | 'ARTIFACT_MISSING'
  | 'LOCKED'
  | 'LOCK_LOST'
  | 'DISK_FULL'
  | 'WRITE_FAILED'
  | 'READ_FAILED'
  | 'QUARANTINE_BUDGET'
  | 'STAGE_FAILED'
  | 'INTERRUPTED'
  | 'NATIVE_UNAVAILABLE'
  | 'NATIVE_FAILED'
  | 'MODEL_INVALID'
  | 'MODEL_UNSUPPORTED'
  | 'TRAINING_FAILED'
  | 'PROGRAM_FAILED';

/** What an {@link AtelierError} is made from. */
export interface ErrorFields {
  /** Stable identifier of the kind of failure. */
  code: ErrorCode;
  /** What could not be done, as a verb phrase: "read the picture", "write the shard". */
  action: string;
  /** Why, with the value that was found. */
  problem: string;
  /** How to mend it. */
  hint: string;
  /** The file or folder it happened to. */
  path?: string | undefined;
  /** The stage that was running. */
  stage?: string | undefined;
  /** The sample that was being worked on. */
  sampleId?: string | undefined;
  /** The limits of dataset.json that it failed by, with their values: with others it may go well. */
  limits?: Readonly<Record<string, number>> | undefined;
  /** The error underneath, when there is one. */
  cause?: unknown;
}

/**
 * The one error of the house. Its message says what could not be done, to which file, what was found and
 * how to mend it; only the command line catches it (exit code 2 for usage and config, 1 for the rest).
 */
export class AtelierError extends Error {
  override readonly name = 'AtelierError';
  readonly code: ErrorCode;
  readonly action: string;
  readonly problem: string;
  readonly hint: string;
  readonly path: string | undefined;
  readonly stage: string | undefined;
  readonly sampleId: string | undefined;
  readonly limits: Readonly<Record<string, number>> | undefined;

  constructor(fields: ErrorFields) {
    const where = [
      fields.stage && `stage ${fields.stage}`,
      fields.sampleId && `sample ${printable(fields.sampleId)}`,
    ]
      .filter(Boolean)
      .join(', ');
    super(
      `Cannot ${fields.action}${fields.path === undefined ? '' : ` ${printable(fields.path)}`}` +
        `${where ? ` (${where})` : ''}: ${fields.problem.replace(/\.$/, '')}. ${fields.hint}`,
      fields.cause === undefined ? undefined : { cause: fields.cause },
    );
    this.code = fields.code;
    this.action = fields.action;
    this.problem = fields.problem;
    this.hint = fields.hint;
    this.path = fields.path;
    this.stage = fields.stage;
    this.sampleId = fields.sampleId;
    this.limits = fields.limits;
  }

  /** 2 where the person's command or configuration is at fault, else 1. */
  get exitCode(): 1 | 2 {
    return this.code.startsWith('CONFIG_') || this.code === 'USAGE' || this.code === 'DATASET_MISSING'
      ? 2
      : 1;
  }

  /** The fields as plain data, for `--json` and for quarantine records. */
  toJSON(): Omit<ErrorFields, 'cause'> {
    const { code, action, problem, hint, path, stage, sampleId, limits } = this;
    return { code, action, problem, hint, path, stage, sampleId, limits };
  }
}

/** The text of any thrown value, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/\s*\n\s*/g, '; ').trim();
}

/** A file name as it may be printed: control characters, invisible marks and line ends escaped as \u{…}. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (c) => `\\u{${c.codePointAt(0)?.toString(16)}}`);
}
