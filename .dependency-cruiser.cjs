/** The import rules of the house: which room may import which. */
const rooms = [
  'api',
  'store',
  'embedded',
  'scheduler',
  'experiment',
  'preflight',
  'faults',
  'probes',
  'observers',
  'control',
  'agent',
  'cluster',
  'lab',
  'report',
  'server',
  'ui',
  'cli',
];

/** Room → the rooms it may import, besides itself and lib. A room that is not listed may import anything but cli. */
const allowed = {
  api: [],
  store: ['api'],
  embedded: ['api'],
  scheduler: ['api'],
  experiment: ['api'],
  preflight: ['api'],
  faults: ['api'],
  probes: ['api'],
  observers: ['api'],
  control: ['api', 'store', 'scheduler', 'experiment', 'preflight', 'faults', 'probes', 'observers'],
  agent: ['api', 'store', 'faults', 'probes', 'preflight'],
  cluster: ['api', 'store', 'control', 'report', 'server'],
  lab: ['api', 'store'],
  report: ['api', 'experiment', 'probes', 'faults'],
};

/** Rooms that decide: no I/O, no clock, no random numbers. */
const pure = ['scheduler', 'experiment', 'faults'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'lib-stands-alone', severity: 'error', from: { path: '^src/lib/' }, to: { path: `^src/(${rooms.join('|')})/` } },
    ...Object.entries(allowed).map(([room, others]) => ({
      name: `${room}-imports-only-${['lib', ...others].join('-')}`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: `^src/(${rooms.filter((other) => other !== room && !others.includes(other)).join('|')})/` },
    })),
    { name: 'nothing-imports-cli', severity: 'error', from: { path: '^src/(?!cli/)' }, to: { path: '^src/cli/' } },
    {
      name: 'rooms-are-entered-by-their-index',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/([^/]+)/(?!index\\.ts$)', pathNot: '^src/$1/' },
    },
    {
      name: 'pure-rooms-do-no-io',
      severity: 'error',
      from: { path: `^src/(${pure.join('|')})/` },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?crypto$' },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node'] },
  },
};
