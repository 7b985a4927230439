import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** What may import what: one direction, from core up to the apps. Stages meet on disk only. */
const boundaries = [
  { sourceTag: 'type:core', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:artifacts', onlyDependOnLibsWithTags: ['type:core'] },
  { sourceTag: 'type:image', onlyDependOnLibsWithTags: ['type:core'] },
  { sourceTag: 'type:transform', onlyDependOnLibsWithTags: ['type:core'] },
  { sourceTag: 'type:quality', onlyDependOnLibsWithTags: ['type:core', 'type:artifacts'] },
  { sourceTag: 'type:stage-contract', onlyDependOnLibsWithTags: ['type:core', 'type:artifacts'] },
  {
    sourceTag: 'type:stage',
    onlyDependOnLibsWithTags: [
      'type:core',
      'type:artifacts',
      'type:image',
      'type:transform',
      'type:quality',
      'type:stage-contract',
    ],
  },
  {
    sourceTag: 'type:pipeline',
    onlyDependOnLibsWithTags: [
      'type:core',
      'type:artifacts',
      'type:quality',
      'type:stage-contract',
      'type:stage',
    ],
  },
  { sourceTag: 'type:graph', onlyDependOnLibsWithTags: ['type:core'] },
  {
    sourceTag: 'type:model',
    onlyDependOnLibsWithTags: ['type:core', 'type:artifacts', 'type:image', 'type:graph'],
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: [
      'type:core',
      'type:artifacts',
      'type:image',
      'type:transform',
      'type:quality',
      'type:stage-contract',
      'type:stage',
      'type:pipeline',
      'type:graph',
      'type:model',
    ],
  },
  { sourceTag: 'type:test', onlyDependOnLibsWithTags: [] },
];

export default [
  {
    ignores: [
      '**/dist/**',
      '**/coverage/**',
      '.nx/**',
      '.venv/**',
      '.cache/**',
      'datasets/**',
      'docs/api/**',
    ],
  },
  ...nx.configs['flat/base'],
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@nx/enforce-module-boundaries': [
        'error',
        { enforceBuildableLibDependency: false, allow: [], depConstraints: boundaries },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', { max: 3 }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    // tests may look at whatever they need, the readers' venv included
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': 'off', 'max-lines': 'off' },
  },
];
