/** When hosts may be changed: windows, and freezes that beat them. Starts nothing itself. */
export { type CalendarDeps, type CalendarRoom, createCalendar } from './create-calendar.ts';
export { calendarMigrations } from './migrations.ts';
export { checkRecurrence, type Occurrences, parseRecurrence } from './recurrence.ts';
export type { CalendarService, Closed, TimeSpan } from './service.ts';
