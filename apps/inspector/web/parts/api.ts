import { keepPreviousData, useQuery, type UseQueryResult } from '@tanstack/react-query';
import type { ApiError } from '../../src/server/api.js';

/** The server said why it did not answer. */
export class ApiFailure extends Error {
  readonly code: string;
  readonly hint: string;
  readonly status: number;
  constructor(status: number, { code, message, hint }: ApiError) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
  }
}

/** Whether asking again would give the same failure. */
export const isFinal = (error: unknown): boolean => error instanceof ApiFailure && error.status < 500;

/** What an address can be asked with; what is undefined or empty is left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** The address of an answer. */
export function apiUrl(path: string, query: Query = {}): string {
  const entries = Object.entries(query).filter(
    ([, value]) => value !== undefined && value !== null && value !== '',
  );
  const search = new URLSearchParams(entries.map(([name, value]) => [name, String(value)])).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** Asks the server. @throws ApiFailure with its message and hint */
export async function ask<Answer>(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetch(url, init).catch((cause: unknown) => {
    throw new ApiFailure(503, {
      code: 'UNREACHABLE',
      message: 'The inspector does not answer.',
      hint: 'It may have been stopped: start it again with "npx atelier inspect".',
      ...(cause instanceof Error && {}),
    });
  });
  const body = (await response.json().catch(() => ({}))) as Answer & Partial<ApiError>;
  if (response.ok) return body;
  const { code = 'FAILED', message = response.statusText, hint = '' } = body;
  throw new ApiFailure(response.status, { code, message, hint });
}

/** How an answer is kept up to date. */
export interface ApiOptions<Answer> {
  /** Asks again after so many ms; false stops. */
  readonly every?: number | ((answer: Answer | undefined) => number | false);
  /** Shows the answer before while a query of other values is under way. */
  readonly keep?: boolean;
  /** false waits. */
  readonly when?: boolean;
}

/** An answer of the server, as a page shows it. The type is that of the route's file. */
export function useApi<Answer>(
  path: string,
  query: Query = {},
  options: ApiOptions<Answer> = {},
): UseQueryResult<Answer> {
  const url = apiUrl(path, query);
  const { every } = options;
  return useQuery<Answer>({
    queryKey: [url],
    queryFn: ({ signal }) => ask<Answer>(url, { signal }),
    ...(every !== undefined && {
      refetchInterval: typeof every === 'number' ? every : ({ state }) => every(state.data),
    }),
    ...(options.keep === true && { placeholderData: keepPreviousData }),
    enabled: options.when ?? true,
  });
}
