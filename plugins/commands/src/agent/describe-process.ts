import type { ActionContext, ProcessRequest } from '@pilothouse/agent-kit';

/**
 * Prints what a dry run found as `name: value` lines: data, the same on every host and in every language, so that hosts
 * which would do the same are grouped together. Values of the environment stay out: they may be secret.
 */
export function describeProcess(process: ProcessRequest, context: ActionContext): void {
  const lines = [
    `program: ${process.program}`,
    ...process.args.map((argument) => `argument: ${JSON.stringify(argument)}`),
    `user: ${process.user ?? (context.isRoot ? 'root' : 'agent')}`,
    `directory: ${process.directory ?? '/'}`,
    ...Object.keys(process.environment ?? {})
      .sort()
      .map((name) => `environment: ${name}`),
  ];
  context.print('stdout', `${lines.join('\n')}\n`);
}
