// Type-aware lint. Layout is Prettier's business and layers are dependency-cruiser's; this file holds what only a linter sees.
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** Folders whose code gets time and randomness as arguments, so that every rule in them can be tested exactly. */
const PURE = [
  'src/{tokens,client-authentication,grants,abuse,clients,audit}/**/*.ts',
  'src/authorizer/{bearer,context,decide,denial,named-routes,policy,revocation,route-path,route-rule,template-overlap}.ts',
];
const CLOCK = 'Pure code is given `now` as an argument.';
const RANDOM = 'Pure code is given randomness as an argument.';
const CRYPTO_RANDOMNESS = [
  'randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID', 'getRandomValues', 'webcrypto',
  'generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync',
]; // prettier-ignore
/** The parts of node:net that only look at addresses. */
const NET_ADDRESSES = ['BlockList', 'SocketAddress', 'isIP', 'isIPv4', 'isIPv6'];

/** Mistakes that neither the compiler nor typescript-eslint's rules see. */
const CORE = [
  'no-async-promise-executor',
  'no-cond-assign',
  'no-constant-binary-expression',
  'no-constant-condition',
  'no-debugger',
  'no-duplicate-case',
  'no-empty',
  'no-extra-boolean-cast',
  'no-irregular-whitespace',
  'no-loss-of-precision',
  'no-misleading-character-class',
  'no-prototype-builtins',
  'no-self-assign',
  'no-self-compare',
  'no-sparse-arrays',
  'no-template-curly-in-string',
  'no-unsafe-finally',
  'no-unsafe-optional-chaining',
  'no-useless-catch',
  'no-useless-escape',
  'require-yield',
  'use-isnan',
  'valid-typeof',
];

export default defineConfig(
  globalIgnores(['cdk.out/', 'dist/', '.local/', 'coverage/']),
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...Object.fromEntries(CORE.map((rule) => [rule, 'error'])),
      complexity: ['error', { max: 10, variant: 'modified' }], // an exhaustive switch counts as one
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      eqeqeq: 'error',
      'object-shorthand': 'error',
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true, namespaceFrom: true } },
      ],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Trims: each of these refused code that is right and reads well.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/unbound-method': 'off', // ports are objects of closures; nothing here has a `this` to lose
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
    },
  },
  {
    files: ['src/**/*.ts', 'functions/**/*.ts'],
    rules: { 'no-console': 'error' }, // every log line goes through src/telemetry, which knows what may be logged
  },
  {
    files: PURE,
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: CLOCK },
        { object: 'performance', property: 'now', message: CLOCK },
        { object: 'process', property: 'hrtime', message: CLOCK },
        { object: 'process', property: 'env', message: 'Pure code is given its configuration as arguments.' },
        { object: 'Math', property: 'random', message: RANDOM },
        ...CRYPTO_RANDOMNESS.map((property) => ({ object: 'crypto', property, message: RANDOM })),
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: CLOCK },
        { selector: 'CallExpression[callee.name="Date"]', message: CLOCK },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate', 'fetch'],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            { name: 'node:crypto', importNames: CRYPTO_RANDOMNESS, message: RANDOM },
            { name: 'node:net', allowImportNames: NET_ADDRESSES, message: 'Pure code does no input or output.' },
          ],
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      complexity: 'off',
      // Tests look into answers of any shape and hand over what a careless caller would.
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/require-await': 'off',
      'no-template-curly-in-string': 'off', // templates of CloudFormation and API Gateway
    },
  },
  {
    files: ['local/**/*.ts'],
    rules: { '@typescript-eslint/no-base-to-string': 'off' }, // values of a template are JSON that is read as text
  },
  { files: ['*.config.ts'], rules: { 'no-restricted-exports': 'off' } },
);
