import { err, mendHalves, ok, parseJson, type Result } from '@pilothouse/base';
import type { z } from 'zod';
import { AgentFrame, FRAME_BYTES_MAX, ServerFrame } from './frames.ts';

export type FrameError = 'too-large' | 'not-json' | 'not-a-frame';

function parseWith<S extends z.ZodType>(schema: S, text: string): Result<z.output<S>, FrameError> {
  if (text.length > FRAME_BYTES_MAX) return err('too-large');
  let value: unknown;
  try {
    // An agent that cuts a text may cut through a character; its frame is worth more than that.
    value = parseJson(mendHalves(text));
  } catch {
    return err('not-json');
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? ok(parsed.data) : err('not-a-frame');
}

/** Bytes from an agent, bounded and checked. Never throws. */
export const parseAgentFrame = (text: string): Result<AgentFrame, FrameError> => parseWith(AgentFrame, text);

/** Bytes from a server, bounded and checked. Never throws. */
export const parseServerFrame = (text: string): Result<ServerFrame, FrameError> =>
  parseWith(ServerFrame, text);
