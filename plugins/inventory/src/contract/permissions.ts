import { defineErrors, definePermissions } from '@pilothouse/contract';

export const inventoryPermissions = definePermissions({
  read: {
    name: 'inventory.read',
    title: { en: 'Read what hosts are made of', zh: '查看主机清单' },
    scope: 'hosts',
    isRead: true,
  },
});

export const inventoryErrors = defineErrors({
  INVENTORY_SEARCH_TOO_BROAD: {
    status: 400,
    title: {
      en: 'More than {limit} different packages match "{name}"',
      zh: '匹配“{name}”的软件包超过 {limit} 个',
    },
    hint: {
      en: 'Give more of the package name.',
      zh: '请输入更完整的软件包名称。',
    },
    retry: 'after-change',
  },
});
