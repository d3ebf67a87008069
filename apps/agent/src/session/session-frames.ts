import type { AgentFrame } from '@pilothouse/wire';

/** A frame without its generation: the session adds its own. */
export type OutgoingFrame = AgentFrame extends infer F
  ? F extends { generation: number }
    ? Omit<F, 'generation'>
    : never
  : never;
