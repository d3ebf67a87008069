import type { MigrationSet } from '@pilothouse/store';
import { accessMigrations } from './access/index.ts';
import { auditMigrations } from './audit/index.ts';
import { authorityMigrations } from './authority/index.ts';
import { budgetsMigrations } from './budgets/index.ts';
import { calendarMigrations } from './calendar/index.ts';
import { enrolmentMigrations } from './enrolment/index.ts';
import { eventsMigrations } from './events/index.ts';
import { factsMigrations } from './facts/index.ts';
import { findingsMigrations } from './findings/index.ts';
import { hostsMigrations } from './hosts/index.ts';
import { httpMigrations } from './http/index.ts';
import { machinesMigrations } from './machines/index.ts';
import { notificationsMigrations } from './notifications/index.ts';
import { plansMigrations } from './plans/index.ts';
import type { ServerPlugin } from './plugins/index.ts';
import { predictionsMigrations } from './predictions/index.ts';
import { rolloutsMigrations } from './rollouts/index.ts';
import { schedulesMigrations } from './schedules/index.ts';

/** Every change that the tables of kernel and plugins have seen, by who owns them. A room adds its set here, by one line. */
export const kernelMigrations = (plugins: readonly ServerPlugin[]): MigrationSet[] => [
  httpMigrations,
  accessMigrations,
  auditMigrations,
  eventsMigrations,
  factsMigrations,
  findingsMigrations,
  hostsMigrations,
  enrolmentMigrations,
  plansMigrations,
  rolloutsMigrations,
  predictionsMigrations,
  authorityMigrations,
  budgetsMigrations,
  calendarMigrations,
  notificationsMigrations,
  schedulesMigrations,
  machinesMigrations,
  ...plugins.flatMap((plugin) => plugin.migrations ?? []),
];
