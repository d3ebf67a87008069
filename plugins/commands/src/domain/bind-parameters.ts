/**
 * How the values of a script's parameters reach the script.
 *
 * Problem: a value comes from whoever runs the script, who may hold only the right to run what others have reviewed. If it
 * were put into the text, `x; rm -rf /` would be a command; and no quoting is right for sh, python and perl at once.
 *
 * Rule: the text is never touched. Each value travels beside it, twice: as the environment variable PARAM_NAME and as the
 * argument at its place in the declared order. Neither is parsed by anybody on the way. A parameter without value and
 * default has no variable, and an empty argument, so that the others keep their places.
 *
 * Limits: the reviewed text can still misuse what it is given (`eval "$PARAM_X"`); that is what review is for.
 */
import { absurd } from '@pilothouse/base';
import { AppError, joinMessages, type Message } from '@pilothouse/contract';
import type { ParameterValues, ScriptParameter } from '../contract/script.ts';

export interface BoundParameters {
  readonly environment: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
}

type Value = ParameterValues[string];

/** AppError COMMANDS_PARAMETER_MISSING, _UNKNOWN or _INVALID names the first parameter that does not fit. */
export function bindParameters(
  script: string,
  parameters: readonly ScriptParameter[],
  values: ParameterValues,
): BoundParameters {
  const known = parameters.map((parameter) => parameter.name);
  for (const name of Object.keys(values)) {
    if (!known.includes(name)) {
      throw new AppError('COMMANDS_PARAMETER_UNKNOWN', { script, name, known: known.join(', ') });
    }
  }
  const environment: Record<string, string> = {};
  const list: string[] = [];
  for (const parameter of parameters) {
    const { name } = parameter;
    const value = Object.hasOwn(values, name) ? values[name] : parameter.default;
    if (value === undefined) {
      if (parameter.isRequired) throw new AppError('COMMANDS_PARAMETER_MISSING', { script, name });
      list.push('');
      continue;
    }
    const bound = textOf(parameter, value);
    environment[`PARAM_${name.toUpperCase()}`] = bound;
    list.push(bound);
  }
  return { environment, arguments: list };
}

/** Refuses a declaration that contradicts itself, such as a default that its own limits refuse. */
export function checkDeclarations(parameters: readonly ScriptParameter[]): void {
  for (const parameter of parameters) {
    if (parameter.default === undefined) continue;
    if (parameter.isRequired) {
      throw invalid(parameter.name, {
        en: 'required, or with a default, not both',
        zh: '必填或带默认值，二者不能同时成立',
      });
    }
    textOf(parameter, parameter.default);
  }
}

/** Values from a command line or a form are text; they count as what the parameter is when they read as that. */
function textOf(parameter: ScriptParameter, value: Value): string {
  const { name } = parameter;
  switch (parameter.kind) {
    case 'string': {
      const text = String(value);
      if (text.length > parameter.lengthMax) {
        const { lengthMax } = parameter;
        throw invalid(name, {
          en: `at most ${lengthMax} characters long`,
          zh: `不超过 ${lengthMax} 个字符`,
        });
      }
      if (text.includes('\0')) throw invalid(name, { en: 'free of NUL', zh: '不含 NUL' });
      return text;
    }
    case 'number':
      return numberText(parameter, value);
    case 'boolean':
      if (value !== true && value !== false && value !== 'true' && value !== 'false') {
        throw invalid(name, { en: 'true or false', zh: 'true 或 false' });
      }
      return String(value);
    case 'choice':
      if (!parameter.choices.includes(String(value))) {
        const choices = parameter.choices.join(', ');
        throw invalid(name, { en: `one of ${choices}`, zh: `以下之一：${choices}` });
      }
      return String(value);
    default:
      return absurd(parameter);
  }
}

function numberText(parameter: Extract<ScriptParameter, { kind: 'number' }>, value: Value): string {
  const { name, min, max, isInteger } = parameter;
  const isText = typeof value === 'string';
  // Number() would take '', ' ' and '0x1f', which nobody means.
  if (isText && !/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value)) throw invalid(name, expected(parameter));
  const number = isText ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw invalid(name, expected(parameter));
  // Beyond these, whole numbers are rounded to one that nobody gave: an id would name something else.
  const isWhole = isInteger || (isText && /^-?\d+$/.test(value));
  if (isWhole && Math.abs(number) > Number.MAX_SAFE_INTEGER) throw invalid(name, TOO_LONG);
  const isOutside = (min !== undefined && number < min) || (max !== undefined && number > max);
  if (isOutside || (isInteger && !Number.isInteger(number))) throw invalid(name, expected(parameter));
  return String(number);
}

const TOO_LONG: Message = {
  en: `between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}; make it a string for longer ones`,
  zh: `介于 -${Number.MAX_SAFE_INTEGER} 与 ${Number.MAX_SAFE_INTEGER} 之间；更长的数字请声明为字符串`,
};

function expected({ isInteger, min, max }: Extract<ScriptParameter, { kind: 'number' }>): Message {
  const words: Message[] = [isInteger ? { en: 'an integer', zh: '整数' } : { en: 'a number', zh: '数字' }];
  if (min !== undefined) words.push({ en: `${min} at the least`, zh: `不小于 ${min}` });
  if (max !== undefined) words.push({ en: `${max} at the most`, zh: `不大于 ${max}` });
  return joinMessages(words, { en: ', ', zh: '，' });
}

const invalid = (name: string, text: Message): AppError =>
  new AppError('COMMANDS_PARAMETER_INVALID', { name, expected: text });
