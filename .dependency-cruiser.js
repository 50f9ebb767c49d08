const PRODUCTION = '^(src|modules|projections)/';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'a cycle of decorated classes is a ReferenceError at load time under ESM',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'kernel-imports-nothing',
      severity: 'error',
      from: { path: '^modules/kernel/' },
      to: { path: PRODUCTION, pathNot: '^modules/kernel/' },
    },
    {
      name: 'event-store-stands-on-the-kernel',
      severity: 'error',
      from: { path: '^modules/event-store/' },
      to: { path: PRODUCTION, pathNot: '^modules/(kernel|event-store)/' },
    },
    {
      name: 'ring-two-rooms-are-neighbours-not-guests',
      severity: 'error',
      from: { path: '^modules/(registry|sending|tenancy)/' },
      to: {
        path: '^modules/',
        pathNot: ['^modules/$1/', '^modules/(kernel|event-store)/index\\.ts$'],
      },
    },
    {
      name: 'receivers-carry-nothing-of-the-server',
      comment: 'posthorn/receiver is installed by those who receive: it needs node:crypto alone',
      severity: 'error',
      from: { path: '^modules/receiver/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^modules/receiver/|^(node:)?crypto$' },
    },
    {
      name: 'nothing-below-imports-the-shell',
      severity: 'error',
      from: { path: '^(modules|projections)/' },
      to: { path: '^src/' },
    },
    {
      name: 'modules-have-one-door',
      comment: 'reach another module through its index.ts only',
      severity: 'error',
      from: { path: '^modules/([^/]+)/' },
      to: { path: '^modules/', pathNot: ['^modules/$1/', '^modules/[^/]+/index\\.ts$'] },
    },
    {
      name: 'projections-read-contracts-only',
      comment:
        'a projection sees event contracts, the ports it implements and the event store, never a service',
      severity: 'error',
      from: { path: '^projections/' },
      to: {
        path: '^modules/',
        pathNot: ['^modules/.+\\.(events|port)\\.ts$', '^modules/(event-store|kernel)/index\\.ts$'],
      },
    },
    {
      name: 'only-the-edge-reads-projections',
      severity: 'error',
      from: { path: '^modules/', pathNot: '^modules/(admin|events-api|dashboard)/' },
      to: { path: '^projections/' },
    },
    {
      name: 'examples-use-the-public-api',
      comment: 'an example is written as an application would be: it imports `posthorn`',
      severity: 'error',
      from: { path: '^(examples|bench)/' },
      to: { path: '^(src|modules|projections|test)/', pathNot: '^src/index\\.ts$' },
    },
    {
      name: 'no-tests-in-production',
      severity: 'error',
      from: { path: PRODUCTION, pathNot: '\\.spec\\.ts$' },
      to: { path: '^test/|\\.spec\\.ts$' },
    },
    {
      name: 'no-dev-dependencies-in-production',
      severity: 'error',
      from: { path: PRODUCTION, pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
};
