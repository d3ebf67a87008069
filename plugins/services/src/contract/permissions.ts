import { definePermissions } from '@pilothouse/contract';

export const servicesPermissions = definePermissions({
  read: {
    name: 'services.read',
    title: { en: 'See the state of services', zh: '查看服务状态' },
    scope: 'hosts',
    isRead: true,
  },
});
