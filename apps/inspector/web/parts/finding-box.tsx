import type { ReactNode } from 'react';
import { count } from './format.js';

/** Something that was found: how bad it is, what, and what to do about it. */
export function FindingBox(props: {
  severity: 'error' | 'warning' | 'note';
  title: string;
  advice: string;
  count: number;
  children?: ReactNode;
}) {
  const { severity, title, advice, count: found, children } = props;
  return (
    <div className={`finding is-${severity}`}>
      <p>
        <span className="tag">{severity}</span> <b>{title}</b> ({count(found)})
      </p>
      <p className="note">{advice}</p>
      {children}
    </div>
  );
}
