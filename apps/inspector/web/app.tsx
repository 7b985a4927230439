import { lazy, Suspense, useEffect } from 'react';
import { matchPath, NavLink, Route, Routes, useLocation } from 'react-router';
import type { Overview } from '../src/routes/overview.js';
import { useApi } from './parts/api.js';
import { Message, Waiting } from './parts/states.js';
import { ErrorBoundary } from './parts/error-boundary.js';
import { ThemeButton } from './parts/theme.js';
import { VIEWS, type View } from './view.js';

const PAGES = VIEWS.map((view) => ({ ...view, Page: lazy(view.load) }));

const GROUPS = [
  { group: 'data', title: 'Dataset' },
  { group: 'model', title: 'Model' },
] as const;

/** The frame of every page, and the page that the address names. */
export function App() {
  const { pathname } = useLocation();
  const { data } = useApi<Overview>('/api/overview');
  const name = data?.name;
  const current = VIEWS.find(({ path }) => matchPath(path, pathname) !== null);
  useEffect(() => {
    document.title = [current?.title, name, 'Atelier inspector'].filter(Boolean).join(' · ');
  }, [current, name]);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="side">
        <p className="brand">
          <img src="/icon.svg" alt="" width="22" height="22" />
          Atelier <span>inspector</span>
        </p>
        <p className="dataset" title={data?.root}>
          {name ?? ' '}
        </p>
        <nav aria-label="Views">
          {GROUPS.map(({ group, title }) => (
            <NavGroup key={group} title={title} views={VIEWS.filter((view) => view.group === group)} />
          ))}
        </nav>
        <ThemeButton />
      </header>
      <main id="content" tabIndex={-1}>
        <ErrorBoundary key={pathname}>
          <Suspense fallback={<Waiting />}>
            <Routes>
              {PAGES.map(({ path, Page }) => (
                <Route key={path} path={path} element={<Page />} />
              ))}
              <Route
                path="*"
                element={<Message title="No such page">The navigation lists the pages there are.</Message>}
              />
            </Routes>
          </Suspense>
        </ErrorBoundary>
      </main>
    </div>
  );
}

function NavGroup({ title, views }: { title: string; views: readonly View[] }) {
  if (views.length === 0) return null;
  return (
    <>
      <h2>{title}</h2>
      <ul>
        {views.map(({ path, title: name }) => (
          <li key={path}>
            <NavLink to={path} end={path === '/'}>
              {name}
            </NavLink>
          </li>
        ))}
      </ul>
    </>
  );
}
