import { z } from 'zod';
import { defineRoute } from '../route.ts';

const isPublic = { kind: 'public' } as const;

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
