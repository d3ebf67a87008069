import {
  defineRoute,
  PageQuery,
  PLAN_MAKE_ERRORS,
  Plan,
  pageOf,
  Strategy,
  TargetRequest,
} from '@pilothouse/contract';
import { z } from 'zod';
import { commandsPermissions as permissions } from './permissions.ts';
import { ParameterValues, Script, ScriptContent, ScriptName, ScriptVersion } from './script.ts';

const may = (permission: { readonly name: string }) =>
  ({ kind: 'permission', permission: permission.name }) as const;
const ByName = z.object({ name: ScriptName });
const ByVersion = ByName.extend({ version: z.coerce.number().int().min(1) });
const exampleContent = {
  description: 'Print the start of a file',
  interpreter: 'sh',
  text: 'head -n "$PARAM_LINES" -- "$PARAM_FILE"\n',
  parameters: [
    { kind: 'string', name: 'file', isRequired: true },
    { kind: 'number', name: 'lines', isInteger: true, min: 1, default: 10 },
  ],
  effect: 'read',
};

export const scriptsList = defineRoute({
  id: 'commands.scripts.list',
  method: 'GET',
  path: '/api/v1/scripts',
  summary: { en: 'List the scripts of the library', zh: '列出脚本库' },
  access: may(permissions.read),
  query: PageQuery.extend({
    search: z
      .string()
      .regex(/^[a-z0-9-]{1,63}$/)
      .optional(),
  }),
  response: pageOf(Script),
  errors: [],
  example: { query: { limit: '10' } },
});

export const scriptsGet = defineRoute({
  id: 'commands.scripts.get',
  method: 'GET',
  path: '/api/v1/scripts/{name}',
  summary: { en: 'One script with all its versions', zh: '查看脚本及其所有版本' },
  access: may(permissions.read),
  params: ByName,
  response: Script.extend({ versions: z.array(ScriptVersion) }),
  errors: ['NOT_FOUND'],
  example: { params: { name: 'head-of-file' } },
});

export const scriptsCreate = defineRoute({
  id: 'commands.scripts.create',
  method: 'POST',
  path: '/api/v1/scripts',
  summary: { en: 'Add a script; its first version is a draft', zh: '新增脚本，首个版本为草稿' },
  access: may(permissions.edit),
  body: ScriptContent.extend({ name: ScriptName }),
  response: ScriptVersion,
  errors: ['COMMANDS_SCRIPT_EXISTS', 'COMMANDS_PARAMETER_INVALID'],
  example: { body: { name: 'head-of-file', ...exampleContent } },
});

export const scriptsAddVersion = defineRoute({
  id: 'commands.scripts.add-version',
  method: 'POST',
  path: '/api/v1/scripts/{name}/versions',
  summary: { en: 'Add a version to a script, as a draft', zh: '为脚本新增草稿版本' },
  access: may(permissions.edit),
  params: ByName,
  body: ScriptContent,
  response: ScriptVersion,
  errors: ['NOT_FOUND', 'COMMANDS_DRAFT_EXISTS', 'COMMANDS_PARAMETER_INVALID'],
  example: { params: { name: 'head-of-file' }, body: exampleContent },
});

export const scriptsEditVersion = defineRoute({
  id: 'commands.scripts.edit-version',
  method: 'PUT',
  path: '/api/v1/scripts/{name}/versions/{version}',
  summary: { en: 'Change a draft', zh: '修改草稿' },
  access: may(permissions.edit),
  params: ByVersion,
  body: ScriptContent,
  response: ScriptVersion,
  errors: ['NOT_FOUND', 'EDIT_CONFLICT', 'COMMANDS_VERSION_PUBLISHED', 'COMMANDS_PARAMETER_INVALID'],
  example: { params: { name: 'head-of-file', version: '1' }, body: exampleContent },
});

export const scriptsPublish = defineRoute({
  id: 'commands.scripts.publish',
  method: 'POST',
  path: '/api/v1/scripts/{name}/versions/{version}/publish',
  summary: { en: 'Publish a draft; it never changes again', zh: '发布草稿，此后不可更改' },
  access: may(permissions.publish),
  params: ByVersion,
  response: ScriptVersion,
  errors: ['NOT_FOUND', 'EDIT_CONFLICT', 'COMMANDS_VERSION_PUBLISHED'],
  example: { params: { name: 'head-of-file', version: '1' } },
});

export const scriptsDelete = defineRoute({
  id: 'commands.scripts.delete',
  method: 'DELETE',
  path: '/api/v1/scripts/{name}',
  summary: { en: 'Remove a script from the library', zh: '从脚本库移除脚本' },
  access: may(permissions.publish),
  params: ByName,
  errors: ['NOT_FOUND'],
  example: { params: { name: 'head-of-file' } },
});

/**
 * Makes a plan and runs nothing: what comes back is carried out by the kernel's own route for rollouts, like every plan, so
 * that there is one way to change a host.
 */
export const scriptsPlan = defineRoute({
  id: 'commands.scripts.plan',
  method: 'POST',
  path: '/api/v1/scripts/{name}/plan',
  summary: { en: 'Make a plan that runs a script; nothing runs', zh: '制定执行脚本的计划（不执行）' },
  access: may(permissions.runScript),
  params: ByName,
  body: z.object({
    /** Absent: the published one. A draft needs commands.run. */
    version: z.number().int().min(1).optional(),
    parameters: ParameterValues.default({}),
    title: z.string().trim().min(1).max(200).optional(),
    target: TargetRequest,
    strategy: Strategy.partial().default({}),
    /** Not refused for windows, freezes and budgets, which stand in the way of changes alone. */
    isDryRunOnly: z.boolean().optional(),
  }),
  response: z.object({
    plan: Plan,
    /** Hosts that the selector could not decide, left out. */
    undeterminedCount: z.number().int(),
    /** Names of hosts whose agents cannot run it. */
    lacking: z.array(z.string()),
  }),
  errors: [
    'NOT_FOUND',
    'COMMANDS_NOT_PUBLISHED',
    'COMMANDS_PARAMETER_MISSING',
    'COMMANDS_PARAMETER_UNKNOWN',
    'COMMANDS_PARAMETER_INVALID',
    ...PLAN_MAKE_ERRORS,
  ],
  example: {
    params: { name: 'head-of-file' },
    body: { target: { selector: 'true' }, parameters: { file: '/etc/os-release' } },
  },
});

export const commandsRoutes = [
  scriptsList,
  scriptsGet,
  scriptsCreate,
  scriptsAddVersion,
  scriptsEditVersion,
  scriptsPublish,
  scriptsDelete,
  scriptsPlan,
] as const;
