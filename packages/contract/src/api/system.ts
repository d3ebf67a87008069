import { z } from 'zod';
import { defineErrors } from '../errors.ts';
import { defineRoute } from '../route.ts';

const isPublic = { kind: 'public' } as const;

/** Why a set of plugins cannot be served together. All stop the server at its start. */
export const pluginErrors = defineErrors({
  PLUGIN_CONFLICT: {
    status: 500,
    title: {
      en: '{first} and {second} both declare the {what} {name}',
      zh: '{first} 与 {second} 都声明了{what} {name}',
    },
    hint: { en: 'Leave one of them out, or rename it there.', zh: '请去掉其中一个，或将其改名。' },
    retry: 'after-change',
  },
  PLUGIN_NEEDS: {
    status: 500,
    title: { en: 'The plugin {plugin} needs the service {service}', zh: '插件 {plugin} 需要服务 {service}' },
    hint: { en: 'Install the plugin that provides it.', zh: '请安装提供该服务的插件。' },
    retry: 'after-change',
  },
  PLUGIN_CYCLE: {
    status: 500,
    title: { en: 'These plugins need each other in a circle: {plugins}', zh: '以下插件循环依赖：{plugins}' },
    hint: { en: 'Make one of the needs optional.', zh: '请将其中一个依赖改为可选。' },
    retry: 'after-change',
  },
  PLUGIN_ROUTE_UNKNOWN: {
    status: 500,
    title: {
      en: '{plugin} serves {route}, which its spec does not declare',
      zh: '{plugin} 提供了未声明的路由 {route}',
    },
    hint: { en: 'Add the route to the routes of its spec.', zh: '请将该路由加入其声明。' },
    retry: 'after-change',
  },
});

export const ReadyState = z.object({
  status: z.literal('ready'),
  version: z.string(),
  /** Milliseconds since the process was ready. */
  uptimeMs: z.number().min(0),
});
export type ReadyState = z.infer<typeof ReadyState>;

/** Routes about the server itself. */
export const systemRoutes = {
  health: defineRoute({
    id: 'system.health',
    method: 'GET',
    path: '/healthz',
    summary: { en: 'Whether the process answers', zh: '进程是否响应' },
    access: isPublic,
    response: z.object({ status: z.literal('ok') }),
    errors: [],
    example: {},
  }),
  ready: defineRoute({
    id: 'system.ready',
    method: 'GET',
    path: '/readyz',
    summary: { en: 'Whether the server can do its work', zh: '服务器是否可以工作' },
    access: isPublic,
    response: ReadyState,
    errors: ['NOT_READY'],
    example: {},
  }),
  metrics: defineRoute({
    id: 'system.metrics',
    method: 'GET',
    path: '/metrics',
    summary: {
      en: 'Metrics of the control plane, Prometheus text format',
      zh: '控制平面的指标（Prometheus 文本格式）',
    },
    access: { kind: 'permission', permission: 'system.read' },
    stream: 'text/plain',
    errors: [],
    example: {},
  }),
  openapi: defineRoute({
    id: 'system.openapi',
    method: 'GET',
    path: '/api/v1/openapi.json',
    summary: { en: 'This API as OpenAPI 3.1', zh: '本 API 的 OpenAPI 3.1 描述' },
    access: isPublic,
    response: z.record(z.string(), z.unknown()),
    errors: [],
    example: {},
  }),
  home: defineRoute({
    id: 'system.home',
    method: 'GET',
    path: '/',
    summary: {
      en: 'Where a browser arrives: leads to the API as a page',
      zh: '浏览器入口：跳转到 API 文档页面',
    },
    access: isPublic,
    stream: 'text/plain',
    errors: [],
    example: {},
  }),
  docs: defineRoute({
    id: 'system.docs',
    method: 'GET',
    path: '/api/docs',
    summary: { en: 'This API as a page to browse', zh: '可浏览的 API 文档页面' },
    access: isPublic,
    stream: 'text/html',
    errors: [],
    example: {},
  }),
} as const;
