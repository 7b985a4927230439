import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ApiFailure } from './api.js';

/** While an answer is under way. */
export function Waiting({ children = 'Loading…' }: { children?: ReactNode }) {
  return (
    <p className="waiting" role="status">
      {children}
    </p>
  );
}

/** Instead of a page that has nothing to show: why, and what to do. */
export function Message({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="message">
      <h1>{title}</h1>
      <p>{children}</p>
    </div>
  );
}

/** What went wrong, and how to mend it. */
export function Failure({ error }: { error: Error }) {
  const hint = error instanceof ApiFailure ? error.hint : 'Reload the page.';
  const missing = error instanceof ApiFailure && error.code === 'INPUT_MISSING';
  return (
    <div className={missing ? 'message' : 'message failure'} role={missing ? 'status' : 'alert'}>
      <h1>{missing ? 'Nothing here yet' : 'This cannot be shown'}</h1>
      <p>{error.message}</p>
      {error.message.includes(hint) ? null : <p>{hint}</p>}
    </div>
  );
}

/** What is shown of a query in each of its states. */
export interface LoadedProps<Answer> {
  readonly query: UseQueryResult<Answer>;
  /** What to show for an answer in which there is nothing; undefined where there is something. */
  readonly empty?: (answer: Answer) => ReactNode | undefined;
  readonly children: (answer: Answer) => ReactNode;
}

/** Shows a query: waiting, failed, empty or there. */
export function Loaded<Answer>({ query, empty, children }: LoadedProps<Answer>): ReactNode {
  if (query.data !== undefined) return empty?.(query.data) ?? children(query.data);
  return query.error === null ? <Waiting /> : <Failure error={query.error} />;
}
