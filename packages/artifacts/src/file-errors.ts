import { AtelierError, messageOf, type ErrorCode } from '@atelier/core';

/** What a system error of writing means to a person. Codes that are not here are reported as they are. */
const writeProblems: Readonly<Record<string, { code: ErrorCode; problem: string; hint: string }>> = {
  ENOSPC: {
    code: 'DISK_FULL',
    problem: 'the disk is full',
    hint: 'Free some space and run again; finished work is kept.',
  },
  EDQUOT: {
    code: 'DISK_FULL',
    problem: 'the disk quota is used up',
    hint: 'Free some space or raise the quota, and run again.',
  },
  EFBIG: {
    code: 'DISK_FULL',
    problem: 'the file would exceed the largest size allowed here',
    hint: 'Raise the limit (ulimit -f) or use a file system that takes larger files, and run again.',
  },
  EACCES: {
    code: 'WRITE_FAILED',
    problem: 'permission was denied',
    hint: 'Make the folder writable for this user, and run again.',
  },
  EPERM: {
    code: 'WRITE_FAILED',
    problem: 'the system forbids it',
    hint: 'Make the folder writable for this user, and run again.',
  },
  EROFS: {
    code: 'WRITE_FAILED',
    problem: 'the file system is read-only',
    hint: 'Put the dataset on a writable disk, and run again.',
  },
  EISDIR: {
    code: 'WRITE_FAILED',
    problem: 'a folder of that name is in the way',
    hint: 'Move the folder away, and run again.',
  },
  ENOTDIR: {
    code: 'WRITE_FAILED',
    problem: 'a part of its path is a file, not a folder',
    hint: 'Move that file away, and run again.',
  },
  // of mkdir: a folder that is there already is no error
  EEXIST: {
    code: 'WRITE_FAILED',
    problem: 'a part of its path is a file, not a folder',
    hint: 'Move that file away, and run again.',
  },
  ENAMETOOLONG: {
    code: 'WRITE_FAILED',
    problem: 'the name is too long',
    hint: 'Move the dataset to a shorter path.',
  },
  EMFILE: {
    code: 'WRITE_FAILED',
    problem: 'too many files are open',
    hint: 'Raise the limit (ulimit -n) or lower the concurrency.',
  },
};

/** The AtelierError of a failed write: DISK_FULL where space is what lacks, else WRITE_FAILED. */
export function writeError(action: string, path: string, cause: unknown): AtelierError {
  if (cause instanceof AtelierError) return cause;
  const known = writeProblems[systemCode(cause)];
  return new AtelierError({
    code: known?.code ?? 'WRITE_FAILED',
    action,
    path,
    problem: known?.problem ?? messageOf(cause),
    hint: known?.hint ?? 'Check the disk and the permissions of the folder, and run again.',
    cause,
  });
}

/** The AtelierError of a failed read: ARTIFACT_MISSING where there is no such file, else READ_FAILED. */
export function readError(action: string, path: string, cause: unknown): AtelierError {
  if (cause instanceof AtelierError) return cause;
  const isMissing = systemCode(cause) === 'ENOENT';
  return new AtelierError({
    code: isMissing ? 'ARTIFACT_MISSING' : 'READ_FAILED',
    action,
    path,
    problem: isMissing ? 'there is no such file' : messageOf(cause),
    hint: isMissing
      ? 'Run the stage that writes it.'
      : 'Check the disk and the permissions of the file, and run again.',
    cause,
  });
}

/** The AtelierError of a file whose bytes are not what they should be. */
export function damagedError(action: string, path: string | undefined, problem: string): AtelierError {
  return new AtelierError({
    code: 'ARTIFACT_DAMAGED',
    action,
    path,
    problem,
    hint: 'Delete the file and run the stage that writes it, or fetch it again.',
  });
}

function systemCode(error: unknown): string {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
