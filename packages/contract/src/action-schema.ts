import { z } from 'zod';
import type { ActionSpec } from './action.ts';
import { digestOfJson } from './canonical-json.ts';
import type { Digest } from './scalars.ts';

/**
 * The name of an action's parameter schema: agents report it in `hello`, plans record it, and a host whose digest
 * differs from the plan's is said to lack the action. SHA-256 over the canonical form of the input's JSON Schema.
 */
export const actionSchemaDigest = (spec: ActionSpec): Digest =>
  digestOfJson(z.toJSONSchema(spec.parameters, { io: 'input', unrepresentable: 'any' }));
