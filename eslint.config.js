// What a compiler does not see. Dependency rules are in .dependency-cruiser.cjs; a test fires every rule of both.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import { maxOwnLines } from './scripts/lint/max-own-lines.mjs';

const code = ['api/**/*.ts', 'offline/**/*.ts', 'src/**/*.ts'];

const namedExports = {
  selector: 'ExportDefaultDeclaration',
  message: 'Named exports only: one name for one thing, everywhere.',
};
const noBarrels = {
  selector: 'ExportAllDeclaration',
  message: 'Only src/index.ts re-exports. Import the module that defines what you need.',
};
const noEnvironment = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message:
    'Only src/config/env.ts reads the environment: declare the setting there and take its value as an argument.',
};
const noExit = {
  selector: "CallExpression[callee.object.name='process'][callee.property.name=/^(exit|on|once|abort)$/]",
  message:
    'Only process entries exit or handle signals: offer a stop() and let main.ts call it (src/observability/shutdown.ts).',
};
const pure = [
  {
    selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']",
    message: 'core takes randomness as an argument: use a Random from src/core/math/random.ts.',
  },
  {
    selector: "CallExpression[callee.object.name=/^(Date|performance)$/][callee.property.name='now']",
    message: 'core takes the time as an argument (milliseconds since the epoch).',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'core takes the time as an argument (milliseconds since the epoch).',
  },
  {
    selector: 'ImportDeclaration[source.value=/^node:/]',
    message: 'core knows no platform: what needs Node belongs in src/service or an adapter.',
  },
  {
    selector: ':function[async=true]',
    message: 'core is synchronous: whoever waits for something belongs in src/service.',
  },
];

export default tseslint.config(
  {
    ignores: ['dist/**', 'node_modules/**', '.cache/**', '.allot/**', 'coverage/**', 'api/dashboard/**/*.js'],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      // A port is asynchronous because one of its adapters is: the others need no await.
      '@typescript-eslint/require-await': 'off',
      // Objects come from factories, whose methods use no `this`.
      '@typescript-eslint/unbound-method': 'off',
      eqeqeq: ['error', 'always'],
      complexity: ['error', 15],
      'max-lines': ['error', { max: 450 }],
    },
  },
  {
    files: code,
    plugins: { allot: { rules: { 'max-own-lines': maxOwnLines } } },
    rules: {
      'allot/max-own-lines': ['error', { max: 40 }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', namedExports, noBarrels, noEnvironment, noExit],
    },
  },
  {
    files: ['src/core/**/*.ts', 'src/simulation/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', namedExports, noBarrels, noEnvironment, noExit, ...pure] },
  },
  {
    files: ['**/main.ts', 'src/cli/**/*.ts', 'offline/*.ts', 'src/observability/shutdown.ts'],
    rules: { 'no-restricted-syntax': ['error', namedExports, noBarrels, noEnvironment] },
  },
  {
    // The types of TensorFlow.js give a tensor's rank only through its type argument or an assertion.
    files: ['offline/learning/**/*.ts'],
    rules: { '@typescript-eslint/no-unnecessary-type-assertion': 'off' },
  },
  {
    files: ['src/index.ts'],
    rules: { 'no-restricted-syntax': ['error', namedExports, noEnvironment, noExit] },
  },
  {
    files: ['src/config/env.ts'],
    rules: { 'no-restricted-syntax': ['error', namedExports, noBarrels, noExit] },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      // Bodies of HTTP answers and rows are checked by the expectations themselves.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'module', 'URL', 'Buffer', 'fetch', 'setTimeout', 'clearTimeout'].map(
          (name) => [name, 'readonly'],
        ),
      ),
    },
  },
);
