import { MINUTE_MS } from '@pilothouse/base';
import { defineAction, ruleText } from '@pilothouse/contract';
import { z } from 'zod';
import { fillLabels, isKnownName, labelsOfTemplate, namesOfTemplate } from '../domain/render-template.ts';
import { managedFilesFact } from './facts.ts';
import { ManagedPath } from './managed-path.ts';
import { filesPermissions } from './permissions.ts';

/** A configuration file, not a blob: parameters travel with every task. */
export const CONTENT_CHARS_MAX = 128 * 1024;

export const FileMode = z
  .string()
  .regex(/^0[0-7]{3}$/, ruleText({ en: 'must be a mode such as 0644', zh: '必须是权限位，例如 0644' }));
const Name = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_.-]{0,31}\$?$/,
    ruleText({ en: 'must be the name of a user or a group', zh: '必须是用户或组的名称' }),
  );
/** Same shape as in services; a plugin depends on no sibling for a name. */
const Unit = z.string().regex(/^[A-Za-z0-9@._:\\-]{1,240}\.(service|socket|timer|target|path|mount)$/);

/** What reads the file, told after it has changed. */
export const AfterChange = z.object({ unit: Unit, verb: z.enum(['reload', 'restart', 'reload-or-restart']) });
export type AfterChange = z.infer<typeof AfterChange>;

export const ManageFileParameters = z
  .object({
    path: ManagedPath,
    /** `absent`: there must be no such file. */
    state: z.enum(['present', 'absent']).default('present'),
    content: z.string().max(CONTENT_CHARS_MAX).default(''),
    /** Content holds `{{ name }}`s; see `render-template.ts`. Those of labels are filled when the plan is made. */
    isTemplate: z.boolean().default(false),
    values: z.record(z.string().regex(/^[a-z][a-zA-Z0-9_]{0,63}$/), z.string().max(4096)).default({}),
    /** Absent: as it is, and 0644 for a new file. */
    mode: FileMode.optional(),
    /** Absent: as it is, and root for a new file. */
    owner: Name.optional(),
    group: Name.optional(),
    /** A program that must end with 0 before the file counts; `%s` stands for the new file. */
    validate: z.array(z.string().min(1).max(4096)).min(1).max(32).optional(),
    after: z.array(AfterChange).max(8).default([]),
    /** The host must be heard again within this time, or it takes the change back by itself. */
    confirmWithinMs: z.number().int().min(10_000).max(600_000).optional(),
  })
  .superRefine((parameters, context) => {
    if (!parameters.isTemplate) return;
    for (const name of namesOfTemplate(parameters.content))
      if (!isKnownName(name, parameters.values))
        context.addIssue({
          code: 'custom',
          path: ['content'],
          message: ruleText({ en: `unknown name {{ ${name} }}`, zh: `未知名称 {{ ${name} }}` }),
        });
  });
export type ManageFileParameters = z.infer<typeof ManageFileParameters>;

const interrupts = (parameters: ManageFileParameters) =>
  parameters.after.some(({ verb }) => verb !== 'reload') ? 'service' : 'none';

export const manageFile = defineAction({
  name: 'files.manage',
  title: { en: 'Manage a configuration file', zh: '管理配置文件' },
  parameters: ManageFileParameters,
  effect: (parameters) => (interrupts(parameters) === 'none' ? 'reversible' : 'disruptive'),
  // A file of cron, sudoers, systemd or a shell is code, and so is the validator.
  trust: 'arbitrary',
  permission: filesPermissions.manage.name,
  interrupts,
  locks: ({ path, after }) => [`file:${path}`, ...after.map(({ unit }) => `service:${unit}`)],
  timeoutMsMax: 30 * MINUTE_MS,
  withoutRoot: { en: 'only root may write files of the system', zh: '只有 root 可以写入系统文件' },
  undo: { kind: 'recorded' },
  changesFacts: [managedFilesFact.name],
  confirmWithinMs: ({ confirmWithinMs }) => confirmWithinMs ?? null,
  perHost: {
    labels: ({ isTemplate, content }) => (isTemplate ? labelsOfTemplate(content) : []),
    fill: (parameters, labels) => ({
      ...parameters,
      ...fillLabels(parameters.content, parameters.values, labels),
    }),
  },
});

/** Leaves the file as it is and stops looking for drift. */
export const forgetFile = defineAction({
  name: 'files.forget',
  title: { en: 'Stop managing a file', zh: '停止管理文件' },
  parameters: z.object({ path: ManagedPath }),
  effect: () => 'reversible',
  trust: 'typed',
  permission: filesPermissions.manage.name,
  interrupts: () => 'none',
  locks: ({ path }) => [`file:${path}`],
  timeoutMsMax: MINUTE_MS,
  withoutRoot: { en: 'only root keeps the list of managed files', zh: '受管文件清单只有 root 可以维护' },
  undo: { kind: 'recorded' },
  changesFacts: [managedFilesFact.name],
});

export const fileActions = [manageFile, forgetFile] as const;
