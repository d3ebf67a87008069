/**
 * How the variables that a request names reach its program.
 *
 * Problem: what puts a program into its scope and under another user runs as root itself. A PATH, an LD_PRELOAD or an
 * LD_LIBRARY_PATH that points into that user's directories would have root load that user's code.
 *
 * Rule: on the way they have names that nobody reads. The last of the way is a shell that has become the user already: it
 * gives them their own names again and becomes the program. Values are never in an argument list, where all users see them.
 *
 * Limits: names that shells themselves set or refuse to have set go as they are; neither a loader nor a library takes code
 * from them.
 */
import { TASK_VARIABLE } from './process-tree.ts';

type Environment = Readonly<Record<string, string>>;

const CARRIED = 'PILOTHOUSE_GIVEN_';
const SHELLS_OWN =
  /^(?:IFS|E?UID|PPID|PWD|OLDPWD|SHLVL|_|GROUPS|HOSTTYPE|MACHTYPE|OSTYPE|S?RANDOM|SECONDS|LINENO|OPTIND|OPTARG|SHELLOPTS|BASH\w*|DIRSTACK|FUNCNAME|HIST\w+|EPOCH\w+|COMP_\w+|PIPESTATUS|PS[1-4])$/;

/** The same program behind a shell, and the environment for what comes before it. */
export function carryEnvironment(
  argv: readonly string[],
  { base, given }: { readonly base: Environment; readonly given: Environment },
): { readonly argv: readonly string[]; readonly environment: Record<string, string> } {
  const environment: Record<string, string> = { ...base };
  const steps: string[] = [];
  for (const [name, value] of Object.entries(given)) {
    if (name === TASK_VARIABLE) continue;
    const carried = SHELLS_OWN.test(name) ? name : `${CARRIED}${name}`;
    environment[carried] = value;
    if (carried !== name) steps.push(`export ${name}="$${carried}"; unset ${carried}`);
  }
  if (steps.length === 0) return { argv, environment };
  return { argv: ['/bin/sh', '-c', [...steps, 'exec "$@"'].join('\n'), 'sh', ...argv], environment };
}
