import { definePermissions } from '@pilothouse/contract';

export const filesPermissions = definePermissions({
  read: {
    name: 'files.read',
    title: { en: 'See managed files and their drift', zh: '查看受管文件及其漂移' },
    scope: 'hosts',
    isRead: true,
  },
  /** Whoever may write any file may run any program: it is the right to become root there. */
  manage: {
    name: 'files.manage',
    title: { en: 'Write any file on hosts', zh: '写入主机上的任意文件' },
    scope: 'hosts',
    isRead: false,
  },
});
