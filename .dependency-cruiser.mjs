// Layer rules (DESIGN section 4). Data flows one way: functions (wire) -> src/endpoints (decide) -> ports, implemented by
// src/storage, src/signing and src/outbound. Run by bin/check/layers.ts, which also makes sure that every file was really read.

const PURE = '^src/(tokens|client-authentication|grants|abuse|clients|audit)/';
/** Result, Outage, the environment reader and the limits of SDK calls: usable by all of src, functions and lib. */
const ROOT = '^src/(result|outage|environment|sdk-calls|deadline)[.]ts$';
const ENV = '^functions/[^/]+/env[.]ts$';
const SHARED_WIRING = '^functions/[^/]+[.]ts$';
const PORTS = '^src/endpoints/stores[.]ts$';
const AWS_SDK = '(^|/)node_modules/(@aws-sdk|@smithy)/';
const CDK = '(^|/)node_modules/(aws-cdk-lib|constructs|cdk-nag)/';
const PURE_BUILTINS = '^(node:)?(crypto|net|buffer|util)$';
const JOSE = '(^|/)node_modules/jose/';
const TYPES = ['type-only'];

/** `from` may import nothing of src, functions, lib, local, bin but `allowed` (and itself). */
const only = (name, comment, from, allowed, extra = {}) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { path: '^(src|functions|lib|local|bin)/', pathNot: [from, ROOT, ...allowed], ...extra },
});
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    // The pure folders.
    only('pure-stays-pure', 'pure folders import each other and nothing that does input or output', PURE, []),
    never(
      'pure-no-packages',
      'pure folders use node:crypto, address arithmetic of node:net, and jose; no other package or builtin',
      { path: PURE },
      { pathNot: ['^(src|functions|lib|local|bin)/', PURE_BUILTINS, JOSE] },
    ),
    never(
      'decide-is-pure',
      "the authorizer's decision core reaches nothing that does input or output",
      { path: '^src/authorizer/decide[.]ts$' },
      {
        path: `^(?!src/|(node:)?(crypto|net|buffer|util)$|.*node_modules/jose/)|^src/(storage|signing|http|telemetry|endpoints|authorizer/adapters)/`,
        reachable: true,
      },
    ),

    // The other folders of src.
    only(
      'endpoints-decide',
      "endpoints import pure code, the authorizer's core, request and response shapes, telemetry and their own ports",
      '^src/endpoints/',
      [PURE, '^src/authorizer/[^/]+[.]ts$', '^src/http/(message|parameters|json-body|route-table)[.]ts$', '^src/telemetry/'],
    ),
    never(
      'shapes-know-no-endpoint',
      'what endpoints import of http imports no endpoint',
      { path: '^src/http/(message|parameters|json-body|route-table)[.]ts$' },
      {
        path: '^src/endpoints/',
      },
    ),
    only('storage-alone', 'storage never imports signing, http or endpoints', '^src/storage/', [PURE, PORTS]),
    only('signing-alone', 'signing never imports storage, http or endpoints', '^src/signing/', [PURE, PORTS, '^src/telemetry/']),
    only('outbound-alone', 'what fetches from strangers imports pure code and its port', '^src/outbound/', [PURE, PORTS]),
    never(
      'ports-as-types',
      'storage, signing and outbound implement the ports of endpoints: types only',
      { path: '^src/(storage|signing|outbound)/' },
      {
        path: PORTS,
        dependencyTypesNot: TYPES,
      },
    ),
    only('http-alone', 'http never imports storage or signing', '^src/http/', [PURE, '^src/endpoints/', '^src/telemetry/']),
    only('telemetry-is-a-leaf', 'telemetry imports only pure code', '^src/telemetry/', [PURE]),
    only(
      'authorizer-apart',
      'the authorizer imports pure code, telemetry and the reading of events; it runs in other accounts',
      '^src/authorizer/',
      [PURE, '^src/telemetry/', PORTS, '^src/http/(lambda-event|message)[.]ts$'],
    ),
    only(
      'verify-apart',
      'the library imports the core of the authorizer, the reading of events and pure code; it runs in programs of others',
      '^src/verify/',
      [PURE, '^src/authorizer/[^/]+[.]ts$', '^src/authorizer/adapters/event[.]ts$', '^src/http/lambda-event[.]ts$'],
    ),
    only(
      'consumer-apart',
      "what runs in a consumer's account imports pure code and the reading of the issuer's answers",
      '^src/consumer/',
      [PURE, '^src/authorizer/issuer-document[.]ts$'],
    ),
    never(
      'consumer-decides-apart',
      'the steps of a rotation reach neither Secrets Manager nor the network',
      { path: '^src/consumer/rotate[.]ts$' },
      { path: `${AWS_SDK}|^src/(authorizer|consumer/(issuer|secret-versions)[.]ts)`, reachable: true },
    ),
    never(
      'src-knows-no-edge',
      'src never imports functions, lib, local or bin',
      { path: '^src/' },
      { path: '^(functions|lib|local|bin)/' },
    ),

    // The edges.
    never('functions-wire-src', 'functions import src alone', { path: '^functions/' }, { path: '^(lib|local|bin)/' }),
    never(
      'functions-apart',
      "a function never imports another's folder; what several share lies beside the folders, and an env.ts may build on another",
      { path: '^functions/([^/]+)/', pathNot: ENV },
      { path: '^functions/', pathNot: ['^functions/$1/', SHARED_WIRING] },
    ),
    never(
      'shared-wiring-knows-no-handler',
      'what several functions share imports no function but the names of its environment',
      { path: SHARED_WIRING },
      {
        path: '^functions/',
        pathNot: [ENV, SHARED_WIRING],
      },
    ),
    never('env-builds-on-env', 'an env.ts imports no handler', { path: ENV }, { path: '^functions/', pathNot: ENV }),
    only(
      'lib-mirrors-functions',
      'lib imports environment names, the route table, the table schema, the audit fields, lockout settings and what keys are made with',
      '^lib/',
      [
        ENV,
        '^src/http/route-table[.]ts$',
        '^src/storage/table-schema[.]ts$',
        '^src/audit/event[.]ts$',
        '^src/abuse/lockout-settings[.]ts$',
        '^src/signing/(made-keys|key-pair-specs|encryption-context)[.]ts$',
      ],
      { dependencyTypesNot: TYPES },
    ),
    never('lib-types-from-src', 'the types that lib takes besides are of src', { path: '^lib/' }, { path: '^(local|bin)/' }),
    never(
      'cli-talks-http',
      'the command line knows the service by its HTTP contract',
      { path: '^bin/m2m' },
      {
        path: '^(functions|lib|local)/|^src/(storage|signing|http|endpoints|telemetry|authorizer)/',
        // What a log line says, and the reasons that `explain` must know, all of them.
        pathNot: '^src/(endpoints/failure|authorizer/denial|telemetry/log)[.]ts$',
      },
    ),
    never('no-one-imports-local', 'local is an end, not a library', { path: '^(src|functions|lib|bin)/' }, { path: '^local/' }),
    never('no-one-imports-tests', 'nobody imports test or bench', { path: '^(src|functions|lib|bin|local)/' }, { path: '^(test|bench)/' }),

    // Packages.
    never(
      'sdk-behind-ports',
      "the AWS SDK is imported by storage, signing and the consumer's secret only; the command line signs its calls with it",
      {
        path: '^(src|functions|lib|bin)/',
        pathNot: [
          '^src/(storage|signing)/',
          '^src/consumer/secret-versions[.]ts$',
          '^functions/environment-credentials[.]ts$',
          '^bin/m2m/signature[.]ts$',
        ],
      },
      {
        path: AWS_SDK,
      },
    ),
    never(
      'cdk-in-lib',
      'the CDK is imported by bin/app.ts and lib only',
      { path: '^(src|functions|bin|local)/', pathNot: '^bin/app[.]ts$' },
      { path: CDK },
    ),
    never(
      'feed-authorizer-without-sdk',
      'the feed authorizer and the library carry no AWS SDK and no storage',
      { path: '^functions/authorizer/feed[.]ts$|^src/verify/' },
      {
        path: `${AWS_SDK}|^src/(storage|signing)/`,
        reachable: true,
      },
    ),
    never(
      'deployed-needs-dependencies',
      'what is deployed imports no devDependency',
      { path: '^(src|functions)/' },
      {
        dependencyTypes: ['npm-dev', 'npm-optional', 'npm-peer'],
        dependencyTypesNot: TYPES,
      },
    ),

    // The graph.
    never('no-cycles', 'no cycles, but for types', {}, { circular: true, viaOnly: { dependencyTypesNot: TYPES } }),
    never(
      'no-orphans',
      'a module that nobody imports and that imports nothing is dead',
      { orphan: true, path: '^(src|functions|lib|local)/', pathNot: '/(env|handler)[.]ts$' },
      {},
    ),
    never('resolvable', 'every import exists', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    moduleSystems: ['es6', 'cjs'],
    skipAnalysisNotInRules: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
