/**
 * How a script reaches its interpreter.
 *
 * Problem: the text must not pass through a shell (quoting), nor through stdin (what the script starts would read the rest
 * of it), nor through the argument list (every user sees it with ps).
 *
 * Rule: it is written to a file that only its user can read, in the task's own directory, and the file's path is the
 * interpreter's first argument; the script's arguments follow as they are. The agent removes the directory afterwards.
 *
 * Limits: SCRIPT_CHARS_MAX; the directory's file system needs room for it, not the right to execute.
 */
import { chmod, chown, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ActionContext,
  type ActionEnd,
  defineAgentAction,
  type ProcessRequest,
} from '@pilothouse/agent-kit';
import { runScriptAction } from '../contract/actions.ts';
import type { ScriptParameters } from '../contract/command-parameters.ts';
import { describeProcess } from './describe-process.ts';
import { endOfProcess, failedBefore } from './end-of-process.ts';
import { checkSurroundings, findProgram, type HostError, lookUpUser } from './process-surroundings.ts';

export const runScript = defineAgentAction({
  spec: runScriptAction,
  available: () => null,
  async dryRun(parameters, context) {
    const found = await findInterpreter(parameters, context);
    if ('error' in found) return failedBefore(found.error);
    describeProcess(processOf(parameters, { interpreter: found.path, script: '<script>' }), context);
    return { kind: 'succeeded' };
  },
  async run(parameters, context): Promise<ActionEnd> {
    const found = await findInterpreter(parameters, context);
    if ('error' in found) return failedBefore(found.error);
    const script = await writeScript(parameters, context.scratch);
    const process = processOf(parameters, { interpreter: found.path, script });
    return endOfProcess(await context.run(process), found.path, true);
  },
});

async function findInterpreter(
  parameters: ScriptParameters,
  context: ActionContext,
): Promise<{ path: string } | { error: HostError }> {
  const error = await checkSurroundings(parameters, context.isRoot);
  if (error !== null) return { error };
  const { interpreter } = parameters;
  const path = await findProgram(interpreter, parameters);
  return path === null
    ? { error: { code: 'COMMANDS_INTERPRETER_MISSING', details: { interpreter } } }
    : { path };
}

async function writeScript(parameters: ScriptParameters, scratch: string): Promise<string> {
  // A task may have several scripts as its actions, so each gets a directory (mode 0700) of its own.
  const directory = await mkdtemp(join(scratch, 'script-'));
  const path = join(directory, 'main');
  await writeFile(path, parameters.text, { mode: 0o600 });
  const owner = parameters.user === undefined ? null : await lookUpUser(parameters.user);
  if (owner !== null) {
    await chown(path, owner.uid, owner.gid);
    await chown(directory, owner.uid, owner.gid);
    // The user must be able to pass through the task's directory, not to list it.
    await chmod(scratch, 0o711);
  }
  return path;
}

function processOf(
  parameters: ScriptParameters,
  paths: { readonly interpreter: string; readonly script: string },
): ProcessRequest {
  const { environment, user, directory } = parameters;
  return {
    program: paths.interpreter,
    args: [paths.script, ...parameters.arguments],
    ...(environment === undefined ? {} : { environment }),
    ...(user === undefined ? {} : { user }),
    ...(directory === undefined ? {} : { directory }),
  };
}
