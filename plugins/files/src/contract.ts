/**
 * Files: manages configuration files on hosts (content or template, owner, mode), checks them before they count, reloads what
 * reads them, remembers what was there, and notices when they drift. It is not for bulk data, nor for packages' own files.
 */
import { definePlugin } from '@pilothouse/contract';
import { fileActions } from './contract/actions.ts';
import { filesErrors } from './contract/errors.ts';
import { managedFilesFact } from './contract/facts.ts';
import { fileDrifted } from './contract/findings.ts';
import { filesPermissions } from './contract/permissions.ts';
import { filesRoutes } from './contract/routes.ts';

export * from './contract/actions.ts';
export { filesErrors } from './contract/errors.ts';
export * from './contract/facts.ts';
export { fileDrifted } from './contract/findings.ts';
export { filesPermissions } from './contract/permissions.ts';
export * from './contract/routes.ts';

export const filesPlugin = definePlugin({
  id: 'files',
  title: { en: 'Files', zh: '文件' },
  permissions: filesPermissions,
  errors: filesErrors,
  facts: [managedFilesFact],
  actions: fileActions,
  findings: [fileDrifted],
  events: [],
  routes: Object.values(filesRoutes),
});
