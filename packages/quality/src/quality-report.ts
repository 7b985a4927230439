import type { Manifest } from '@atelier/artifacts';
import type { StageName } from '@atelier/core';
import { classSizes } from './class-sizes.js';
import { classTwins } from './class-twins.js';
import { duplicates } from './duplicates.js';
import { gatherFacts, type Manifests } from './facts.js';
import { oddPictures } from './odd-pictures.js';
import type { QualitySettings, Section, Severity } from './section.js';

/** What is to be known of a dataset's quality. */
export interface QualityReport {
  /** Pictures that can be used. */
  readonly pictures: number;
  readonly classes: number;
  /** Files that cannot be used. */
  readonly quarantined: number;
  /** Stages without which some things cannot be told. */
  readonly notRun: readonly StageName[];
  /** Sections with findings: errors, then warnings, then notes. */
  readonly sections: readonly Section[];
  /** The titles of what was looked for and not found. */
  readonly clean: readonly string[];
}

const SEVERITIES: readonly Severity[] = ['error', 'warning', 'note'];

/**
 * Looks for what spoils a dataset, in the manifests alone: no file is read and nothing is changed. The same manifests
 * give the same report.
 * @param manifests those of the last runs; without ingest's there is nothing to tell
 */
export function qualityReport(
  manifests: Manifests & { readonly ingest: Manifest },
  settings: QualitySettings,
): QualityReport {
  const facts = gatherFacts(manifests);
  const all = [duplicates, classTwins, classSizes, oddPictures].flatMap((look) => look(facts, settings));
  const bySeverity = SEVERITIES.flatMap((severity) =>
    all.filter((section) => section.severity === severity && section.findings.length > 0),
  );
  return {
    pictures: facts.pictures.length,
    classes: facts.classes.length,
    quarantined: facts.quarantined,
    notRun: facts.notRun,
    sections: bySeverity,
    clean: all.filter((section) => section.findings.length === 0).map(({ title }) => title),
  };
}
