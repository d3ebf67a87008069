import { AppError } from '@pilothouse/contract';
import { ScriptParameter } from '../contract/script.ts';

const FORM = 'NAME:string | NAME:number | NAME:boolean | NAME:choice(a,b), then ! or =DEFAULT';

/** A parameter as a person writes it on one line: `file:string!`, `lines:number=10`, `mode:choice(fast,safe)=safe`. */
export function parameterOf(spec: string): ScriptParameter {
  const match = /^([a-z][a-z0-9_]*):(string|number|boolean|choice)(?:\(([^)]*)\))?(!|=.*)?$/s.exec(spec);
  const refused = (): AppError => new AppError('CLI_VALUE_INVALID', { value: spec, expected: FORM });
  if (match === null) throw refused();
  const [, name, kind, choices, tail] = match;
  const fallback = tail?.startsWith('=') === true ? tail.slice(1) : undefined;
  const parsed = ScriptParameter.safeParse({
    name,
    kind,
    isRequired: tail === '!',
    ...(choices === undefined ? {} : { choices: choices.split(',').map((choice) => choice.trim()) }),
    ...(fallback === undefined ? {} : { default: typed(kind, fallback) }),
  });
  if (!parsed.success) throw refused();
  return parsed.data;
}

/** Text that does not read as the type is left as it is, for the schema to refuse. */
function typed(kind: string | undefined, value: string): string | number | boolean {
  if (kind === 'number' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  if (kind === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}
