/**
 * Services: starts, stops, restarts, reloads, enables and disables systemd units, and remembers what they were. It is not
 * for what a unit file says (that is `files`), nor for judging whether a service is well (inventory's findings and probes do).
 */
import { definePlugin } from '@pilothouse/contract';
import { serviceActions } from './contract/actions.ts';
import { servicesErrors } from './contract/errors.ts';
import { servicesPermissions } from './contract/permissions.ts';
import { servicesRoutes } from './contract/routes.ts';

export * from './contract/actions.ts';
export { servicesErrors } from './contract/errors.ts';
export { servicesPermissions } from './contract/permissions.ts';
export * from './contract/routes.ts';

export const servicesPlugin = definePlugin({
  id: 'services',
  title: { en: 'Services', zh: '服务' },
  permissions: servicesPermissions,
  errors: servicesErrors,
  facts: [],
  actions: serviceActions,
  findings: [],
  events: [],
  routes: Object.values(servicesRoutes),
});
