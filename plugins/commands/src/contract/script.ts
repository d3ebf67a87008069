import { Digest, EffectClass, ruleText, Timestamp } from '@pilothouse/contract';
import { z } from 'zod';
import { AbsolutePath, Interpreter, LoginName, SCRIPT_CHARS_MAX } from './command-parameters.ts';

const PARAMETERS_MAX = 64;
const VALUE_CHARS_MAX = 16_384;
const CHOICES_MAX = 200;

export const ScriptName = z.string().regex(/^[a-z][a-z0-9-]{0,62}$/);
/** Becomes the environment variable PARAM_NAME in upper case. */
export const ParameterName = z.string().regex(/^[a-z][a-z0-9_]{0,40}$/);

const Common = {
  name: ParameterName,
  description: z.string().max(500).default(''),
  isRequired: z.boolean().default(false),
};

/** One typed input of a script. `default` serves when no value is given; a required parameter has none. */
export const ScriptParameter = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('string'),
    ...Common,
    lengthMax: z.number().int().min(1).max(VALUE_CHARS_MAX).default(VALUE_CHARS_MAX),
    default: z.string().max(VALUE_CHARS_MAX).optional(),
  }),
  z.object({
    kind: z.literal('number'),
    ...Common,
    min: z.number().optional(),
    max: z.number().optional(),
    isInteger: z.boolean().default(false),
    default: z.number().optional(),
  }),
  z.object({ kind: z.literal('boolean'), ...Common, default: z.boolean().optional() }),
  z.object({
    kind: z.literal('choice'),
    ...Common,
    choices: z.array(z.string().min(1).max(256)).min(1).max(CHOICES_MAX),
    default: z.string().optional(),
  }),
]);
export type ScriptParameter = z.infer<typeof ScriptParameter>;

export const ParameterValues = z.record(
  ParameterName,
  z.union([z.string().max(VALUE_CHARS_MAX), z.number(), z.boolean()]),
);
export type ParameterValues = z.infer<typeof ParameterValues>;

/** What an author writes: all of a version but its number and its fate. */
export const ScriptContent = z.object({
  description: z.string().max(2000).default(''),
  interpreter: Interpreter.default('sh'),
  text: z
    .string()
    .min(1)
    .max(SCRIPT_CHARS_MAX)
    .refine((text) => !text.includes('\0'), ruleText({ en: 'must not contain NUL', zh: '不得包含 NUL' })),
  parameters: z
    .array(ScriptParameter)
    .max(PARAMETERS_MAX)
    .refine(
      (all) => new Set(all.map((p) => p.name)).size === all.length,
      ruleText({ en: 'parameter names must differ', zh: '参数名称不得重复' }),
    )
    .default([]),
  effect: EffectClass.default('disruptive'),
  user: LoginName.nullable().default(null),
  directory: AbsolutePath.nullable().default(null),
});
export type ScriptContent = z.infer<typeof ScriptContent>;

/** draft: can change, and runs only for those who may run anything. published: never changes again. */
export const ScriptVersion = ScriptContent.extend({
  script: ScriptName,
  version: z.number().int().min(1),
  state: z.enum(['draft', 'published']),
  textDigest: Digest,
  createdBy: z.string(),
  createdAt: Timestamp,
  publishedBy: z.string().nullable(),
  publishedAt: Timestamp.nullable(),
  etag: z.string(),
});
export type ScriptVersion = z.infer<typeof ScriptVersion>;

export const Script = z.object({
  name: ScriptName,
  /** Of the newest version. */
  description: z.string(),
  effect: EffectClass,
  latestVersion: z.number().int(),
  /** The one that runs unless another is named; null while all are drafts. */
  publishedVersion: z.number().int().nullable(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Script = z.infer<typeof Script>;
