import {
  type ActionSpec,
  AppError,
  type ErrorSpec,
  type ErrorTable,
  type FactSpec,
  type FindingSpec,
  type PermissionSpec,
  type PluginSpec,
} from '@pilothouse/contract';

/** What the kernel's own rooms declare, in the shape in which plugins do. */
export type KernelDeclarations = Pick<PluginSpec, 'errors' | 'permissions' | 'findings'> & {
  readonly actions?: readonly ActionSpec[];
};

/** All that is declared, by name: what rooms that know no plugin work with. */
export interface Declarations {
  readonly errors: ErrorTable;
  readonly permissions: ReadonlyMap<string, PermissionSpec>;
  readonly facts: ReadonlyMap<string, FactSpec>;
  readonly actions: ReadonlyMap<string, ActionSpec>;
  readonly findings: ReadonlyMap<string, FindingSpec>;
}

/** Merges what kernel and plugins declare. AppError PLUGIN_CONFLICT when two declare one name. */
export function collectDeclarations(
  kernel: KernelDeclarations,
  plugins: readonly PluginSpec[],
): Declarations {
  const owners = new Map<string, string>();
  const claim = (what: string, name: string, owner: string): void => {
    const key = `${what} ${name}`;
    const first = owners.get(key);
    if (first !== undefined) throw new AppError('PLUGIN_CONFLICT', { what, name, first, second: owner });
    owners.set(key, owner);
  };
  const errors = new Map<string, ErrorSpec>();
  const permissions = new Map<string, PermissionSpec>();
  const findings = new Map<string, FindingSpec>();
  const facts = new Map<string, FactSpec>();
  const actions = new Map<string, ActionSpec>();

  const addShared = (owner: string, spec: KernelDeclarations): void => {
    for (const [code, row] of Object.entries(spec.errors)) {
      claim('error', code, owner);
      errors.set(code, row);
    }
    for (const permission of Object.values(spec.permissions)) {
      claim('permission', permission.name, owner);
      permissions.set(permission.name, permission);
    }
    for (const finding of spec.findings) {
      claim('finding', finding.kind, owner);
      findings.set(finding.kind, finding);
    }
    for (const action of spec.actions ?? []) {
      claim('action', action.name, owner);
      actions.set(action.name, action);
    }
  };

  addShared('kernel', kernel);
  for (const spec of plugins) {
    claim('plugin', spec.id, spec.id);
    addShared(spec.id, spec);
    for (const fact of spec.facts) {
      claim('fact', fact.name, spec.id);
      facts.set(fact.name, fact);
    }
    for (const route of spec.routes) {
      claim('route', route.id, spec.id);
      claim('route', `${route.method} ${route.path}`, spec.id);
    }
  }
  return { errors: Object.fromEntries(errors), permissions, findings, facts, actions };
}
