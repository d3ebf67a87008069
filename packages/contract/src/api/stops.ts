import { z } from 'zod';
import { defineRoute } from '../route.ts';
import { Timestamp } from '../scalars.ts';

const read = { kind: 'permission', permission: 'rollouts.read' } as const;

/** An emergency stop that is in force until somebody clears it. */
export const EmergencyStop = z.object({
  id: z.string(),
  /** Null: every host in `scopeHostsCount`, or of the installation. */
  selector: z.string().nullable(),
  /** Null: also hosts to come. A number: the hosts that its maker's role covered at that moment. */
  scopeHostsCount: z.number().int().nullable(),
  endRunning: z.boolean(),
  reason: z.string(),
  createdBy: z.string(),
  createdAt: Timestamp,
});
export type EmergencyStop = z.infer<typeof EmergencyStop>;

const stop = { kind: 'permission', permission: 'rollouts.stop' } as const;

export const stopRoutes = {
  create: defineRoute({
    id: 'stops.create',
    method: 'POST',
    path: '/api/v1/stops',
    summary: {
      en: 'Emergency stop: nothing new starts on these hosts',
      zh: '紧急停止：这些主机不再开始任何任务',
    },
    access: stop,
    body: z.object({
      /** Absent: all hosts. */
      selector: z.string().min(1).max(4096).optional(),
      endRunning: z.boolean().default(false),
      reason: z.string().max(500).default(''),
    }),
    response: z.object({ stop: EmergencyStop, tasksCount: z.number().int() }),
    errors: ['SELECTOR_INVALID', 'SELECTOR_TOO_COSTLY', 'ROLLOUTS_BUSY'],
    example: { body: { reason: 'wrong package in the mirror' } },
  }),
  list: defineRoute({
    id: 'stops.list',
    method: 'GET',
    path: '/api/v1/stops',
    summary: { en: 'Emergency stops in force', zh: '生效中的紧急停止' },
    access: read,
    response: z.object({ items: z.array(EmergencyStop) }),
    errors: [],
    example: {},
  }),
  clear: defineRoute({
    id: 'stops.clear',
    method: 'DELETE',
    path: '/api/v1/stops/{stopId}',
    summary: { en: 'Lift an emergency stop: rollouts go on', zh: '解除紧急停止' },
    access: stop,
    params: z.object({ stopId: z.string().max(64) }),
    errors: ['NOT_FOUND', 'ROLLOUT_FORBIDDEN'],
    example: { params: { stopId: 'st_000000000000000000' } },
  }),
};
