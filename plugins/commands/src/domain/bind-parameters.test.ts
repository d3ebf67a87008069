import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { ScriptParameter } from '../contract/script.ts';
import { bindParameters, checkDeclarations } from './bind-parameters.ts';

const parameters = [
  { kind: 'string', name: 'file', isRequired: true, lengthMax: 100 },
  { kind: 'number', name: 'lines', isInteger: true, min: 1, max: 50, default: 10 },
  { kind: 'boolean', name: 'quiet' },
  { kind: 'choice', name: 'mode', choices: ['fast', 'safe'] },
].map((parameter) => ScriptParameter.parse(parameter));

const refused = (values: Record<string, string | number | boolean>) => {
  try {
    bindParameters('s', parameters, values);
  } catch (error) {
    return isAppError(error) ? `${error.code} ${String(error.details['name'])}` : 'other';
  }
  return null;
};

test('gives values as variables and, in declared order, as arguments', () => {
  const bound = bindParameters('s', parameters, { mode: 'safe', file: '/etc/hosts' });

  assert.deepEqual(bound, {
    environment: { PARAM_FILE: '/etc/hosts', PARAM_LINES: '10', PARAM_MODE: 'safe' },
    arguments: ['/etc/hosts', '10', '', 'safe'],
  });
});

test('says in both languages what a value has to be', () => {
  const said = (values: Record<string, string | number | boolean>) => {
    try {
      bindParameters('s', parameters, { file: 'x', ...values });
    } catch (error) {
      return isAppError(error) ? error.details['expected'] : error;
    }
    return null;
  };

  assert.deepEqual(said({ lines: 'abc' }), {
    en: 'an integer, 1 at the least, 50 at the most',
    zh: '整数，不小于 1，不大于 50',
  });
  assert.deepEqual(said({ quiet: 'yes' }), { en: 'true or false', zh: 'true 或 false' });
  assert.deepEqual(said({ mode: 'x' }), { en: 'one of fast, safe', zh: '以下之一：fast, safe' });
});

test('names the parameter that is missing, unknown or does not fit', () => {
  assert.equal(refused({}), 'COMMANDS_PARAMETER_MISSING file');
  assert.equal(refused({ file: 'x', path: 'y' }), 'COMMANDS_PARAMETER_UNKNOWN path');
  assert.equal(refused({ file: 'x', constructor: 'y' }), 'COMMANDS_PARAMETER_UNKNOWN constructor');
  for (const lines of ['', ' 5', '0x5', '1.5', 0, 51, Number.NaN, true]) {
    assert.equal(refused({ file: 'x', lines }), 'COMMANDS_PARAMETER_INVALID lines', String(lines));
  }
  assert.equal(refused({ file: 'x', quiet: 'yes' }), 'COMMANDS_PARAMETER_INVALID quiet');
  assert.equal(refused({ file: 'x', mode: 'slow' }), 'COMMANDS_PARAMETER_INVALID mode');
  assert.equal(refused({ file: 'x'.repeat(101) }), 'COMMANDS_PARAMETER_INVALID file');
});

test('reads numbers and truth values that come as text', () => {
  const bound = bindParameters('s', parameters, { file: 'x', lines: '20', quiet: 'false' });

  assert.deepEqual(bound.arguments, ['x', '20', 'false', '']);
});

test('a number that would reach the script as another one is refused', () => {
  const ids = [
    { kind: 'number', name: 'id', isInteger: true },
    { kind: 'number', name: 'size' },
  ].map((parameter) => ScriptParameter.parse(parameter));
  const bound = (values: Record<string, string | number>) => bindParameters('s', ids, values).arguments;

  for (const id of ['9007199254740993', '-12345678901234567890', 2 ** 60])
    assert.throws(() => bound({ id }), { code: 'COMMANDS_PARAMETER_INVALID' }, String(id));
  assert.throws(() => bound({ size: '9007199254740993' }), { code: 'COMMANDS_PARAMETER_INVALID' });
  assert.deepEqual(bound({ id: '9007199254740991', size: '1e30' }), ['9007199254740991', '1e+30']);
});

test('hands every text on unchanged, whatever a shell would make of it', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100, unit: 'binary' }), (file) => {
      fc.pre(!file.includes('\0') && file.length <= 100);

      const bound = bindParameters('s', parameters, { file });

      assert.equal(bound.environment['PARAM_FILE'], file);
      assert.equal(bound.arguments[0], file);
    }),
  );
});

test('refuses a declaration that contradicts itself', () => {
  const bad = [
    { kind: 'number', name: 'n', min: 5, default: 1 },
    { kind: 'choice', name: 'c', choices: ['a'], default: 'b' },
    { kind: 'string', name: 's', isRequired: true, default: 'x' },
  ];

  for (const parameter of bad) {
    assert.throws(() => checkDeclarations([ScriptParameter.parse(parameter)]));
  }
});
