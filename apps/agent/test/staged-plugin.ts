/** For tests: actions that change a file slowly, remember what was there, may need to be confirmed, or fail. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { type AgentPlugin, defineAgentAction, defineAgentPlugin } from '@pilothouse/agent-kit';
import { defineAction } from '@pilothouse/contract';
import { z } from 'zod';

const title = { en: 'test', zh: '测试' };
const base = {
  title,
  effect: () => 'reversible' as const,
  trust: 'typed' as const,
  interrupts: () => 'none' as const,
  locks: () => ['host'],
  timeoutMsMax: 600_000,
};

export const setAction = defineAction({
  ...base,
  name: 'test.set',
  parameters: z.object({
    path: z.string(),
    text: z.string(),
    /** Before and after the change. */
    pauseMs: z.number().default(0),
    confirmWithinMs: z.number().nullable().default(null),
    fails: z.boolean().default(false),
  }),
  undo: { kind: 'recorded' },
  confirmWithinMs: ({ confirmWithinMs }) => confirmWithinMs,
});

export const rebootLikeAction = defineAction({
  ...base,
  name: 'test.reboot',
  parameters: z.object({ withinMs: z.number(), isAccepted: z.boolean().default(true) }),
  undo: { kind: 'none', reason: title },
});

const Before = z.object({ path: z.string(), before: z.string().nullable() });

const readOrNull = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

export const stagedPlugin: AgentPlugin = defineAgentPlugin({
  id: 'test',
  collectors: async () => [],
  actions: [
    defineAgentAction({
      spec: setAction,
      available: () => null,
      dryRun: async ({ path, text }) => ({
        kind: 'succeeded',
        result: { changed: readOrNull(path) !== text },
      }),
      async run({ path, text, pauseMs, fails }, context) {
        const before = readOrNull(path);
        if (before === text) return { kind: 'succeeded', result: { changed: false } };
        await context.recordUndo({ path, before });
        await wait(pauseMs);
        writeFileSync(path, text);
        context.print('stdout', `${path}: ${text}\n`);
        await wait(pauseMs);
        if (fails) return { kind: 'failed', error: { code: 'TEST_FAILED', details: {} } };
        return { kind: 'succeeded', result: { changed: true } };
      },
      async undo(record) {
        const { path, before } = Before.parse(record);
        if (before === null) rmSync(path, { force: true });
        else writeFileSync(path, before);
        return { kind: 'succeeded' };
      },
    }),
    defineAgentAction({
      spec: rebootLikeAction,
      available: () => null,
      dryRun: async () => ({ kind: 'succeeded' }),
      async run({ withinMs, isAccepted }, context) {
        await context.expectReboot({ withinMs, state: { asked: true } });
        if (isAccepted) return { kind: 'succeeded' };
        return { kind: 'failed', error: { code: 'REBOOT_NOT_ACCEPTED', details: { reason: 'no' } } };
      },
      afterBoot: async (_parameters, { state, bootIdBefore, bootIdNow }) => ({
        kind: 'succeeded',
        result: { ...state, bootIdBefore, bootIdNow },
      }),
    }),
  ],
});
