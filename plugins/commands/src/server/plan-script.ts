import { AppError, type Plan, type TargetRequest } from '@pilothouse/contract';
import type { KernelServices, PlanRequest, Principal } from '@pilothouse/kernel';
import { runScriptAction } from '../contract/actions.ts';
import { commandsPermissions as permissions } from '../contract/permissions.ts';
import type { ParameterValues, ScriptVersion } from '../contract/script.ts';
import { bindParameters } from '../domain/bind-parameters.ts';

export interface PlanScriptKernel {
  readonly rollouts: Pick<KernelServices['rollouts'], 'plan'>;
  readonly hosts: Pick<KernelServices['hosts'], 'index'>;
}

export interface ScriptRun {
  readonly script: ScriptVersion;
  readonly parameters: ParameterValues;
  readonly target: TargetRequest;
  readonly strategy: PlanRequest['strategy'];
  readonly title?: string | undefined;
  readonly isDryRunOnly?: boolean | undefined;
}

/**
 * A plan that runs one version of a script. A published version was reviewed, so it takes only the right to run scripts; a
 * draft is as good as any command, and takes the right to run those. Either way the effect class is the version's own.
 */
export async function planScript(
  kernel: PlanScriptKernel,
  principal: Principal,
  run: ScriptRun,
): Promise<{ plan: Plan; undeterminedCount: number; lacking: string[] }> {
  const { script } = run;
  const permission = (script.state === 'published' ? permissions.runScript : permissions.run).name;
  if (!principal.has(permission)) throw new AppError('FORBIDDEN', { permission });
  const bound = bindParameters(script.script, script.parameters, run.parameters);
  const made = await kernel.rollouts.plan(principal, {
    title: run.title ?? `${script.script} v${script.version}`,
    target: run.target,
    strategy: run.strategy,
    isDryRunOnly: run.isDryRunOnly,
    actions: [
      {
        action: runScriptAction.name,
        permission,
        parameters: {
          text: script.text,
          interpreter: script.interpreter,
          effect: script.effect,
          source: { script: script.script, version: script.version },
          environment: bound.environment,
          arguments: [...bound.arguments],
          ...(script.user === null ? {} : { user: script.user }),
          ...(script.directory === null ? {} : { directory: script.directory }),
        },
      },
    ],
  });
  const lacking = made.lacking.map((id) => kernel.hosts.index.get(id)?.name ?? id);
  return { plan: made.plan, undeterminedCount: made.undetermined, lacking };
}
