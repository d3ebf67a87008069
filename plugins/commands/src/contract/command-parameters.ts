import { EffectClass, PARAMETERS_BYTES_MAX, ruleText } from '@pilothouse/contract';
import { z } from 'zod';

/** Linux allows 128 KiB for one argument (MAX_ARG_STRLEN); half of it leaves room for what the shell adds. */
const ARGUMENT_CHARS_MAX = 64 * 1024;
const ARGUMENTS_MAX = 512;
const ENVIRONMENT_MAX = 128;
/** JSON escapes and the other parameters take their share of what a plan allows for one action. */
export const SCRIPT_CHARS_MAX = PARAMETERS_BYTES_MAX / 2;

const noNul = (text: string): boolean => !text.includes('\0');
const Text = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .refine(noNul, ruleText({ en: 'must not contain NUL', zh: '不得包含 NUL' }));

export const Argument = Text(ARGUMENT_CHARS_MAX);
export const EnvironmentName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/);
export const LoginName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_.@-]{0,62}\$?$/);
export const AbsolutePath = Text(4096).refine(
  (path) => path.startsWith('/'),
  ruleText({ en: 'must be an absolute path', zh: '必须是绝对路径' }),
);
/** A program's name, looked up on the host's path, or its absolute path: `sh`, `python3`, `/opt/node/bin/node`. */
export const Interpreter = z.string().regex(/^([a-zA-Z0-9][a-zA-Z0-9._+-]{0,62}|\/[^\0\s]{1,255})$/);

/** Where and as whom a process runs; absent: as the agent, in `/`, with the agent's own small environment. */
const Surroundings = {
  environment: z
    .record(EnvironmentName, Argument)
    .refine(
      (all) => Object.keys(all).length <= ENVIRONMENT_MAX,
      ruleText({ en: `at most ${ENVIRONMENT_MAX} variables`, zh: `至多 ${ENVIRONMENT_MAX} 个变量` }),
    )
    .optional(),
  user: LoginName.optional(),
  directory: AbsolutePath.optional(),
  /** What whoever asks says of the code. Nobody can check it, which is why its trust is `arbitrary`. */
  effect: EffectClass.default('disruptive'),
};

/** Either `argv`, started without any shell, or `shell`, a text that `interpreter` (default sh) reads. */
export const CommandParameters = z
  .object({
    argv: z.array(Argument).min(1).max(ARGUMENTS_MAX).optional(),
    shell: Text(SCRIPT_CHARS_MAX).min(1).optional(),
    interpreter: Interpreter.optional(),
    ...Surroundings,
  })
  .refine(
    (p) => (p.argv === undefined) !== (p.shell === undefined),
    ruleText({ en: 'give either argv or shell', zh: 'argv 与 shell 须且只能给出一个' }),
  )
  .refine((p) => p.argv?.[0] !== '', ruleText({ en: 'the program must not be empty', zh: '程序名不得为空' }))
  .refine(
    (p) => p.interpreter === undefined || p.shell !== undefined,
    ruleText({ en: 'an interpreter needs shell', zh: '指定 interpreter 时必须给出 shell' }),
  );
export type CommandParameters = z.output<typeof CommandParameters>;

export const ScriptParameters = z.object({
  text: Text(SCRIPT_CHARS_MAX).min(1),
  interpreter: Interpreter.default('sh'),
  arguments: z.array(Argument).max(ARGUMENTS_MAX).default([]),
  /** The library's name and version of the text, when it comes from there; shown, not acted on. */
  source: z.object({ script: z.string().max(64), version: z.number().int() }).optional(),
  ...Surroundings,
});
export type ScriptParameters = z.output<typeof ScriptParameters>;
