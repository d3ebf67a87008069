import { z } from 'zod';
import { EffectClass } from './action.ts';
import type { Message } from './message.ts';

/** `hosts.read`, `rollouts.start`: declared by kernel and plugins, granted by roles. */
export const PermissionName = z.string().regex(/^[a-z][a-z-]*\.[a-z][a-z-]*$/);

export interface PermissionSpec {
  readonly name: string;
  readonly title: Message;
  /** hosts: means something only together with a host; global: the whole installation. */
  readonly scope: 'hosts' | 'global';
  /** True when holding it on any host only lets a person look. The built-in role `reader` has exactly these. */
  readonly isRead: boolean;
}

export const definePermissions = <T extends Record<string, PermissionSpec>>(permissions: T): T => permissions;

/**
 * Permission × host scope × effect class. `hosts` is a selector over `label`, `groups`, `name` and `id` alone, never over
 * what a host reports of itself; `true` is all hosts. `effectMax` bounds the actions that a rollout may carry.
 */
export const Grant = z.object({
  permissions: z
    .array(z.union([PermissionName, z.literal('*')]))
    .min(1)
    .max(200),
  hosts: z.string().min(1).max(4096).default('true'),
  effectMax: EffectClass.default('read'),
});
export type Grant = z.infer<typeof Grant>;

export const Role = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,62}$/),
  description: z.string().max(500),
  grants: z.array(Grant).max(50),
  /** Built-in roles can be given but not changed. */
  isBuiltIn: z.boolean(),
  etag: z.string(),
});
export type Role = z.infer<typeof Role>;
