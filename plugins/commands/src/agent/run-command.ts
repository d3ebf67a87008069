import {
  type ActionContext,
  type ActionEnd,
  defineAgentAction,
  type ProcessRequest,
} from '@pilothouse/agent-kit';
import { runCommandAction } from '../contract/actions.ts';
import type { CommandParameters } from '../contract/command-parameters.ts';
import { describeProcess } from './describe-process.ts';
import { endOfProcess, failedBefore } from './end-of-process.ts';
import { checkSurroundings, findProgram, type HostError } from './process-surroundings.ts';

const SHELL_DEFAULT = 'sh';

/** Runs an argument vector as it is, or a text through an interpreter's `-c`. */
export const runCommand = defineAgentAction({
  spec: runCommandAction,
  available: () => null,
  async dryRun(parameters, context) {
    const prepared = await prepare(parameters, context);
    if ('error' in prepared) return failedBefore(prepared.error);
    describeProcess(prepared.process, context);
    return { kind: 'succeeded' };
  },
  async run(parameters, context): Promise<ActionEnd> {
    const prepared = await prepare(parameters, context);
    if ('error' in prepared) return failedBefore(prepared.error);
    const { process } = prepared;
    return endOfProcess(await context.run(process), process.program, parameters.shell !== undefined);
  },
});

async function prepare(
  parameters: CommandParameters,
  context: ActionContext,
): Promise<{ process: ProcessRequest } | { error: HostError }> {
  const error = await checkSurroundings(parameters, context.isRoot);
  if (error !== null) return { error };
  const { argv, shell, environment, user, directory } = parameters;
  // The schema lets exactly one of both through; an interpreter reads its text after -c (perl and node: -e).
  const interpreter = parameters.interpreter ?? SHELL_DEFAULT;
  const [name = interpreter, ...rest] = argv ?? [interpreter, inlineOption(interpreter), shell ?? ''];
  const program = await findProgram(name, parameters);
  if (program === null) {
    return argv === undefined
      ? { error: { code: 'COMMANDS_INTERPRETER_MISSING', details: { interpreter } } }
      : { error: { code: 'COMMANDS_NOT_FOUND', details: { program: name } } };
  }
  return {
    process: {
      program,
      args: rest,
      ...(environment === undefined ? {} : { environment }),
      ...(user === undefined ? {} : { user }),
      ...(directory === undefined ? {} : { directory }),
    },
  };
}

/** perl, ruby, node and lua read a program after -e, shells and python after -c. */
const inlineOption = (interpreter: string): string =>
  /(^|\/)(perl|ruby|node|lua)[0-9.]*$/.test(interpreter) ? '-e' : '-c';
