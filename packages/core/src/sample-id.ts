import { AtelierError } from './errors.js';

/** The id of a sample: `<sourceId>#<variant>`; variant 0 is the unaugmented picture. */
export function sampleId(sourceId: string, variant: number): string {
  return `${sourceId}#${variant}`;
}

/** The two parts of a sample id. The last "#" separates them: a file name may hold others. */
export function parseSampleId(id: string): { sourceId: string; variant: number } {
  const match = /^(.+)#(\d+)$/su.exec(id);
  if (match === null) {
    throw new AtelierError({
      code: 'INPUT_INVALID',
      action: 'read the sample id',
      sampleId: id,
      problem: 'it does not end in "#" and a variant number',
      hint: 'Write for example Edgar_Degas/dancers.jpg#0.',
    });
  }
  return { sourceId: match[1] as string, variant: Number(match[2]) };
}

/** The class a source belongs to by its folder: the first part of its id, in Unicode normal form C. */
export function classNameOf(sourceId: string): string {
  return sourceId.slice(0, Math.max(0, sourceId.indexOf('/'))).normalize('NFC');
}
