/** The command-line room of services: `service`. */
import { defineCliPlugin } from '@pilothouse/cli-kit';
import { servicesErrors } from '../contract/errors.ts';
import { serviceStatus } from './service-status.ts';
import { serviceVerbs } from './service-verbs.ts';

export const servicesCli = defineCliPlugin({
  id: 'services',
  commands: [serviceStatus, ...serviceVerbs],
  errors: servicesErrors,
});
