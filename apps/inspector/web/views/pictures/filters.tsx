import type { PictureFacets } from '../../../src/routes/pictures.js';
import { count, spaced } from '../../parts/format.js';

/** What the address can say of the pictures. */
export const FILTERS = ['stage', 'class', 'split', 'flag', 'predicted', 'text'] as const;

/** The filters that are set. */
export type FilterValues = Readonly<Partial<Record<(typeof FILTERS)[number], string>>>;

/** The filters of an address. */
export function filtersOf(search: URLSearchParams): FilterValues {
  return Object.fromEntries(FILTERS.flatMap((name) => (search.get(name) ? [[name, search.get(name)]] : [])));
}

const STAGES = [
  { value: '', title: 'as they are' },
  { value: 'resized', title: 'resized' },
  { value: 'generated', title: 'generated variants' },
];

/** The row of filters. */
export function Filters(props: {
  filters: FilterValues;
  facets: PictureFacets | undefined;
  onChange: (name: string, value: string) => void;
}) {
  const { filters, facets, onChange } = props;
  const options = (all: readonly { value: string; count: number; title?: string }[] = []) => [
    { value: '', title: 'all' },
    ...all.map(({ value, count: found, title }) => ({
      value,
      title: `${title ?? spaced(value)} (${count(found)})`,
    })),
  ];
  const choice = (name: (typeof FILTERS)[number], of: readonly { value: string; title: string }[]) => (
    <Choice name={name} value={filters[name] ?? ''} options={of} onChange={onChange} />
  );
  return (
    <form className="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      {choice('stage', STAGES)}
      {choice('class', options(facets?.classes))}
      {choice('split', options(facets?.splits))}
      {choice('flag', options(facets?.flags))}
      {choice('predicted', options(facets?.predicted))}
      <label>
        <span>path holds</span>
        <input
          type="search"
          value={filters.text ?? ''}
          onChange={({ target }) => onChange('text', target.value)}
          placeholder="part of a name"
        />
      </label>
    </form>
  );
}

function Choice(props: {
  name: string;
  value: string;
  options: readonly { value: string; title: string }[];
  onChange: (name: string, value: string) => void;
}) {
  const { name, value, options, onChange } = props;
  const known = options.some((option) => option.value === value);
  return (
    <label>
      <span>{name}</span>
      <select value={value} onChange={({ target }) => onChange(name, target.value)}>
        {known ? null : <option value={value}>{spaced(value)}</option>}
        {options.map((option) => (
          <option key={option.value} value={option.value}>
            {option.title}
          </option>
        ))}
      </select>
    </label>
  );
}
