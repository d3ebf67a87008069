import { z } from 'zod';
import { definePermissions } from '../access.ts';
import { RuleName } from '../budget.ts';
import { Channel, ChannelSettings, Delivery } from '../channel.ts';
import { defineErrors } from '../errors.ts';
import { defineFinding } from '../finding.ts';
import { PageQuery, pageOf } from '../page.ts';
import { defineRoute } from '../route.ts';

export const notificationsPermissions = definePermissions({
  notificationsRead: {
    name: 'notifications.read',
    title: { en: 'See channels and what was sent by them', zh: '查看通知渠道及发送记录' },
    scope: 'global',
    isRead: true,
  },
  notificationsWrite: {
    name: 'notifications.write',
    title: { en: 'Set up channels, try them and send again', zh: '设置、测试通知渠道并重新发送' },
    scope: 'global',
    isRead: false,
  },
});

export const CHANNELS_MAX = 100;

export const notificationsErrors = defineErrors({
  CHANNEL_EXISTS: {
    status: 409,
    title: { en: 'Channel {name} is there already', zh: '通知渠道 {name} 已存在' },
    hint: { en: 'Read it, and send its etag with the change.', zh: '请先读取，并在修改时附上其 etag。' },
    retry: 'after-change',
  },
  CHANNELS_TOO_MANY: {
    status: 409,
    title: { en: 'There are {max} channels already', zh: '通知渠道数量已达上限 {max}' },
    hint: { en: 'Remove one that nobody uses.', zh: '请删除不再使用的渠道。' },
    retry: 'after-change',
  },
  CHANNEL_ADDRESS_REFUSED: {
    status: 422,
    title: {
      en: 'This server does not send to {host}: {address} is its own or its network’s inside',
      zh: '本服务器不会向 {host} 发送：{address} 是本机或链路内部地址',
    },
    hint: {
      en: 'If it is meant, start the server with --notify-allow {address}',
      zh: '如确需如此，请以 --notify-allow {address} 启动服务器',
    },
    retry: 'after-change',
  },
  DELIVERY_NOT_DEAD: {
    status: 409,
    title: { en: 'Message {id} is {state}', zh: '消息 {id} 的状态为 {state}' },
    hint: { en: 'Only a message that was given up is sent again.', zh: '只有已放弃的消息才能重新发送。' },
    retry: 'never',
  },
});

export const notificationsFindings = {
  undelivered: defineFinding({
    kind: 'kernel.notification-undelivered',
    severity: 'medium',
    title: {
      en: 'Channel {channel} does not deliver: {error}',
      zh: '通知渠道 {channel} 无法送达：{error}',
    },
    hint: {
      en: 'Try it with: pilothouse channel test {channel}. What was given up: pilothouse channel deliveries --state dead',
      zh: '测试：pilothouse channel test {channel}。已放弃的消息：pilothouse channel deliveries --state dead',
    },
    remedy: null,
  }),
};

const read = { kind: 'permission', permission: notificationsPermissions.notificationsRead.name } as const;
const write = { kind: 'permission', permission: notificationsPermissions.notificationsWrite.name } as const;
const params = z.object({ name: RuleName });
const example = { name: 'on-call' };
const deliveryParams = z.object({ id: z.string().max(64) });

export const notificationsRoutes = {
  list: defineRoute({
    id: 'channels.list',
    method: 'GET',
    path: '/api/v1/channels',
    summary: { en: 'Channels, by name', zh: '通知渠道列表，按名称排序' },
    access: read,
    query: PageQuery,
    response: pageOf(Channel),
    errors: ['INVALID_REQUEST'],
    example: {},
  }),
  get: defineRoute({
    id: 'channels.get',
    method: 'GET',
    path: '/api/v1/channels/{name}',
    summary: { en: 'One channel, without its secrets', zh: '单个通知渠道（不含密钥）' },
    access: read,
    params,
    response: Channel,
    errors: ['NOT_FOUND'],
    example: { params: example },
  }),
  put: defineRoute({
    id: 'channels.put',
    method: 'PUT',
    path: '/api/v1/channels/{name}',
    summary: {
      en: 'Make a channel, or change the one whose etag is given',
      zh: '创建通知渠道，或修改指定 etag 的渠道',
    },
    access: write,
    params,
    body: ChannelSettings,
    response: Channel,
    errors: ['CHANNEL_EXISTS', 'CHANNELS_TOO_MANY', 'CHANNEL_ADDRESS_REFUSED', 'EDIT_CONFLICT'],
    example: {
      params: example,
      body: { kind: 'webhook', url: 'https://hooks.example/pilothouse', secret: 'at-least-16-characters' },
    },
  }),
  remove: defineRoute({
    id: 'channels.remove',
    method: 'DELETE',
    path: '/api/v1/channels/{name}',
    summary: {
      en: 'Remove a channel; what waits for it is given up',
      zh: '删除通知渠道，其等待中的消息将被放弃',
    },
    access: write,
    params,
    errors: ['NOT_FOUND', 'EDIT_CONFLICT'],
    example: { params: example },
  }),
  test: defineRoute({
    id: 'channels.test',
    method: 'POST',
    path: '/api/v1/channels/{name}/test',
    summary: { en: 'Send a message at once and say how that went', zh: '立即发送测试消息并返回结果' },
    access: write,
    params,
    response: z.object({
      isDelivered: z.boolean(),
      /** Null: none. */
      error: z.string().nullable(),
      durationMs: z.number(),
    }),
    errors: ['NOT_FOUND'],
    example: { params: example },
  }),
  deliveries: defineRoute({
    id: 'deliveries.list',
    method: 'GET',
    path: '/api/v1/deliveries',
    summary: { en: 'Messages on their way, sent and given up, newest first', zh: '消息发送记录，最新的在前' },
    access: read,
    query: PageQuery.extend({
      channel: RuleName.optional(),
      state: z.enum(['queued', 'delivered', 'dead']).optional(),
    }),
    response: pageOf(Delivery),
    errors: ['INVALID_REQUEST'],
    example: { query: { state: 'dead' } },
  }),
  retry: defineRoute({
    id: 'deliveries.retry',
    method: 'POST',
    path: '/api/v1/deliveries/{id}/retry',
    summary: { en: 'Send a message again that was given up', zh: '重新发送已放弃的消息' },
    access: write,
    params: deliveryParams,
    response: Delivery,
    errors: ['NOT_FOUND', 'DELIVERY_NOT_DEAD'],
    example: { params: { id: 'dv_000000000000000000' } },
  }),
};
