/**
 * How a script reaches its interpreter.
 *
 * Problem: the text must not pass through a shell (quoting), nor through stdin (what the script starts would read the rest
 * of it), nor through the argument list (every user sees it with ps).
 *
 * Rule: it is written to a file that only its user can read, and the file's path is the interpreter's first argument; the
 * script's arguments follow as they are. The file lies in the task's own directory; that of another user, who may not pass
 * through the agent's directories, in one of its own below /run. It is removed afterwards.
 *
 * Limits: SCRIPT_CHARS_MAX; the directory's file system needs room for it, not the right to execute. What a killed agent
 * leaves below /run goes with the next boot.
 */
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
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
    const directory = await directoryFor(parameters.user, context);
    try {
      const script = await writeScript(parameters, directory);
      const process = processOf(parameters, { interpreter: found.path, script });
      return endOfProcess(await context.run(process), found.path, true);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
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

/** A task may have several scripts as its actions, so each gets a directory of its own. */
async function directoryFor(user: string | undefined, { scratch }: ActionContext): Promise<string> {
  const isOther = user !== undefined && (await lookUpUser(user))?.uid !== process.getuid?.();
  if (!isOther) return mkdtemp(join(scratch, 'script-'));
  const directory = await mkdtemp('/run/pilothouse-script-');
  // Its user must be able to pass through, not to list it or to put anything there.
  await chmod(directory, 0o711);
  return directory;
}

async function writeScript(parameters: ScriptParameters, directory: string): Promise<string> {
  const path = join(directory, 'main');
  await writeFile(path, parameters.text, { mode: 0o600 });
  const owner = parameters.user === undefined ? null : await lookUpUser(parameters.user);
  if (owner !== null) await chown(path, owner.uid, owner.gid);
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
