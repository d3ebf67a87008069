/** Tells people outside: signed webhooks and e-mail. Decides nothing of what is worth telling. */
export {
  createNotifications,
  type NotificationsDeps,
  type NotificationsRoom,
} from './create-notifications.ts';
export { notificationsMigrations } from './migrations.ts';
export type { Notification, NotificationsService } from './service.ts';
