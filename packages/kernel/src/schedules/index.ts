/** Recurring plans: when each occurrence is due, and what became of it. Changes no host except by starting a plan. */
export { createSchedules, type SchedulesDeps, type SchedulesRoom } from './create-schedules.ts';
export { schedulesMigrations } from './migrations.ts';
export type { Delegate, Delegates } from './service.ts';
