/**
 * Who may use what. The table of ARCHITECTURE.md as rules: for each folder, everything of ours that is not named is
 * forbidden. Tests may use anything; so may the things that make or measure code.
 */
const testFiles = '\\.test\\.ts$|/testing/|/bench/|/fuzz/|providers/contract/'

const mayUse = {
  core: ['core'],
  outbound: ['outbound', 'core', 'observability'],
  store: ['store', 'core', 'observability'],
  app: ['app', 'core', 'store', 'outbound', 'observability', 'providers/provider.ts'],
  reconcile: ['reconcile', 'core', 'store', 'outbound', 'observability', 'providers/provider.ts'],
  http: ['http', 'core', 'app', 'observability'],
  gateway: ['gateway', 'core', 'app', 'outbound', 'observability'],
  config: ['config', 'core'],
  observability: ['observability', 'core', 'config'],
}

const src = 'server/src'
const literal = (path) => path.replace('.', '\\.')
const providers = ['vast', 'runpod', 'lambda', 'paperspace', 'novita']

const rules = [
  ...Object.entries(mayUse).map(([folder, allowed]) => ({
    name: `${folder}-uses-only-${allowed.length === 1 ? 'itself' : 'what-the-table-says'}`,
    severity: 'error',
    comment: `${folder} may use: ${allowed.join(', ')}. If it seems to need more, write a short decision note first.`,
    from: { path: `^${src}/${folder}/`, pathNot: testFiles },
    to: {
      path: '^(server|sdk|cli|web|simulators|e2e|scripts)/',
      pathNot: allowed.map((one) => `^${src}/${literal(one)}`),
    },
  })),
  ...providers.map((name) => ({
    name: `provider-${name}-stands-alone`,
    severity: 'error',
    comment:
      'a provider may use core, outbound, observability and the files directly in providers/; never another provider',
    from: { path: `^${src}/providers/${name}/`, pathNot: testFiles },
    to: {
      path: '^(server|sdk|cli|web|simulators|e2e|scripts)/',
      pathNot: [
        `^${src}/providers/${name}/`,
        `^${src}/providers/[^/]+\\.ts$`,
        `^${src}/(core|outbound|observability)/`,
      ],
    },
  })),
  {
    name: 'provider-seam-is-thin',
    severity: 'error',
    from: { path: `^${src}/providers/[^/]+\\.ts$`, pathNot: testFiles },
    to: {
      path: '^(server|sdk|cli|web|simulators|e2e|scripts)/',
      pathNot: `^${src}/(providers/[^/]+\\.ts$|core/|outbound/|observability/)`,
    },
  },
  {
    name: 'core-is-pure',
    severity: 'error',
    comment: 'core has no clock, no network, no Node and no packages',
    from: { path: `^${src}/core/`, pathNot: testFiles },
    to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown'] },
  },
  {
    name: 'sdk-uses-nothing-of-ours',
    severity: 'error',
    from: { path: '^sdk/', pathNot: testFiles },
    to: { path: '^(server|cli|web|simulators|e2e|scripts)/' },
  },
  {
    name: 'cli-and-web-use-only-the-sdk',
    severity: 'error',
    from: { path: '^(cli|web)/', pathNot: testFiles },
    to: { path: '^(server|simulators|e2e|scripts)/' },
  },
  {
    name: 'simulators-share-no-code-with-us',
    severity: 'error',
    from: { path: '^simulators/' },
    to: { path: '^(server|sdk|cli|web|e2e|scripts)/' },
  },
  ...providers.map((name) => ({
    name: `simulator-${name}-stands-alone`,
    severity: 'error',
    from: { path: `^simulators/${name}/`, pathNot: testFiles },
    to: { path: '^simulators/', pathNot: [`^simulators/${name}/`, '^simulators/kit/'] },
  })),
  {
    name: 'no-import-of-the-server-from-outside',
    severity: 'error',
    comment: 'only tests and scripts may reach into the server',
    from: { path: '^(sdk|cli|web|simulators)/', pathNot: testFiles },
    to: { path: '^server/' },
  },
  {
    name: 'everything-resolves',
    severity: 'error',
    comment: 'an import that the checker cannot follow is an arrow that nobody checks',
    from: {},
    to: { couldNotResolve: true },
  },
  {
    name: 'no-cycles',
    severity: 'error',
    from: {},
    to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
  },
]

module.exports = {
  forbidden: rules,
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
