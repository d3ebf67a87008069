/**
 * Follows one rollout to its end: progress on stderr, grouped results on stdout as they come, one line and the id at the end.
 * Leaving (Ctrl-C) only stops the watching; a rollout belongs to the server, not to whoever looks at it.
 */
import { type Client, collectAll, listAll, watchEvents } from '@pilothouse/client';
import {
  isAppError,
  type Message,
  type ResultGroup,
  type Rollout,
  resultRoutes,
  rolloutRoutes,
  type TaskCounts,
  WatchEvent,
} from '@pilothouse/contract';
import { took } from './ages.ts';
import { fetchWithOutputs, OUTPUT_PAUSE_MS } from './await-outputs.ts';
import type { CliContext } from './cli-context.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { note, printJson } from './print.ts';
import { createResultsPrinter, stateColour } from './print-results.ts';
import { type Progress, type ProgressCounts, showProgress } from './progress.ts';
import { createStageTeller } from './stage-teller.ts';
import { paint, plain } from './terminal.ts';

/** New results are asked for at most this often: the server groups them each time. */
const RESULTS_MS = 1000;
/** Groups of different outcomes beyond this are counted, not shown; the export has them all. */
const GROUPS_MAX = 200;

const WORDS = {
  titleAndHint: { en: '{title}. {hint}', zh: '{title}。{hint}' },
  left: {
    en: 'No longer watching; {id} goes on. Watch: pilothouse rollout watch {id} · end it: pilothouse rollout cancel {id}',
    zh: '已停止查看；{id} 仍在继续。查看：pilothouse rollout watch {id} · 终止：pilothouse rollout cancel {id}',
  },
  summary: {
    en: '{state}: {succeeded} succeeded, {failed} failed, {other} other, of {total} {total:host|hosts} in {took} · {id}',
    zh: '{state}：成功 {succeeded}，失败 {failed}，其他 {other}，共 {total} 台，用时 {took} · {id}',
  },
  gap: {
    en: 'Some live output was left out; all of it: pilothouse rollout output {id} HOST',
    zh: '部分实时输出已省略；完整输出：pilothouse rollout output {id} 主机',
  },
} satisfies Record<string, Message>;

const ROLLOUT_STATES: Readonly<Record<string, Message>> = {
  'awaiting-approval': { en: 'Awaiting approval', zh: '等待审批' },
  scheduled: { en: 'Scheduled', zh: '已排期' },
  running: { en: 'Running', zh: '进行中' },
  paused: { en: 'Paused', zh: '已暂停' },
  halting: { en: 'Halting', zh: '正在中止' },
  cancelling: { en: 'Cancelling', zh: '正在取消' },
  'rolling-back': { en: 'Rolling back', zh: '正在回滚' },
  'rolled-back': { en: 'Rolled back', zh: '已回滚' },
  succeeded: { en: 'Done', zh: '完成' },
  halted: { en: 'Halted', zh: '已中止' },
  failed: { en: 'Failed', zh: '失败' },
  cancelled: { en: 'Cancelled', zh: '已取消' },
  expired: { en: 'Expired', zh: '已过期' },
};

export const rolloutStateName = (context: Pick<CliContext, 'say'>, state: string): string => {
  const message = ROLLOUT_STATES[state];
  return message === undefined ? state : context.say(message);
};

export const totalOf = (counts: TaskCounts): number => Object.values(counts).reduce((sum, n) => sum + n, 0);

export const progressOf = (counts: TaskCounts): ProgressCounts => {
  const total = totalOf(counts);
  const open = counts.pending + counts.offered + counts.running;
  return { total, done: total - open, failed: counts.failed + counts.unknown, running: counts.running };
};

export async function followRollout(
  context: CliContext,
  client: Client,
  started: Rollout,
): Promise<ExitCode> {
  const { id } = started;
  const isAlone = totalOf(started.counts) === 1;
  const progress = showProgress(context);
  const printer = createResultsPrinter(context, {
    isOutputShown: !isAlone,
    beforePrint: () => progress.clear(),
  });
  const results = createResults(context, client, id, (groups, isLast) => {
    if (!context.isJson) printer.print(groups, isLast);
  });
  const tellWaiting = createWaitingTeller(context, progress);
  const stages = createStageTeller(context, client, progress);
  let isLineOpen = false;
  try {
    const ended = await watchToEnd(context, client, started, {
      rollout(rollout) {
        results.refreshSoon();
        progress.update(progressOf(rollout.counts));
        tellWaiting(rollout);
        stages.rollout(rollout);
      },
      output(chunks) {
        if (!isAlone || context.isJson) return;
        progress.clear();
        isLineOpen = showChunks(context, chunks, isLineOpen);
      },
    });
    await stages.finish();
    progress.clear();
    if (isLineOpen) context.terminal.write('\n');
    const groups = await results.finish();
    progress.close();
    return conclude(context, ended, groups);
  } catch (error) {
    progress.close();
    if (isAppError(error) && error.code === 'CLI_INTERRUPTED') {
      note(context, context.say(WORDS.left, { id }));
      return EXIT.interrupted;
    }
    throw error;
  } finally {
    results.close();
  }
}

/** Writes live output; true when it left the line open, so that what follows must begin a new one. */
function showChunks(
  context: CliContext,
  chunks: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[],
  wasOpen: boolean,
): boolean {
  let isOpen = wasOpen;
  for (const { stream, text } of chunks) {
    if (stream === 'stdout') context.terminal.write(plain(text));
    else context.terminal.writeError(plain(text));
    if (text !== '') isOpen = !text.endsWith('\n');
  }
  return isOpen;
}

/** What a person can do something about, or must know to be patient; the rest is the rollout's ordinary breathing. */
const TOLD_WAITS: readonly string[] = [
  'WAITS_FOR_TIME',
  'WAITS_FOR_RESUME',
  'WAITS_FOR_STOP_CLEARED',
  'WAITS_FOR_HOST_LOCK',
  'WAITS_FOR_SETTLING',
  'WAITS_FOR_HOSTS',
  'WAITS_FOR_APPROVAL',
  'WAITS_FOR_BUDGET',
  'WAITS_FOR_WINDOW',
  'WAITS_FOR_CONFIRMATION',
  'WAITS_FOR_ROLLBACK',
];

/** Says once for each reason what keeps the rollout from going on. */
function createWaitingTeller(context: CliContext, progress: Progress): (rollout: Rollout) => void {
  let told: string | null = null;
  return ({ waitingFor }) => {
    if (waitingFor === null || waitingFor.code === told || !TOLD_WAITS.includes(waitingFor.code)) return;
    told = waitingFor.code;
    const { title, hint } = context.describe(waitingFor.code, waitingFor.details);
    progress.clear();
    note(context, plain(hint === '' ? title : context.say(WORDS.titleAndHint, { title, hint })));
  };
}

interface Listener {
  rollout(rollout: Rollout): void;
  output(chunks: readonly { readonly stream: 'stdout' | 'stderr'; readonly text: string }[]): void;
}

async function watchToEnd(
  context: CliContext,
  client: Client,
  started: Rollout,
  listener: Listener,
): Promise<Rollout> {
  const params = { rolloutId: started.id };
  const isShown = totalOf(started.counts) === 1 && !context.isJson;
  // Results come grouped, by asking: told of each task, a hundred people cost a server as much as the hosts do.
  const query = { output: isShown ? 'true' : 'false', tasks: 'false' };
  const input = { params, query, signal: context.signal };
  for await (const event of watchEvents(client, rolloutRoutes.watch, input, context.watchWorld)) {
    const parsed = WatchEvent.safeParse(JSON.parse(event.data));
    // A newer server may send kinds that this program does not know.
    if (!parsed.success) continue;
    const news = parsed.data;
    if (news.kind === 'end') return news.rollout;
    if (news.kind === 'rollout') listener.rollout(news.rollout);
    else if (news.kind === 'output') listener.output(news.chunks);
    else if (news.kind === 'gap' && news.outputs > 0)
      note(context, context.say(WORDS.gap, { id: started.id }));
  }
  // The watch ends only by its end event or by Ctrl-C; what is true now is asked for once more.
  return client.call(rolloutRoutes.get, { params });
}

/** Asks for grouped results while tasks end, never twice at a time, and once more at the end. */
function createResults(
  context: CliContext,
  client: Client,
  rolloutId: string,
  show: (groups: readonly ResultGroup[], isLast: boolean) => void,
) {
  let isDirty = false;
  let asking: Promise<void> | null = null;
  let failure: unknown = null;
  const fetchGroups = (): Promise<ResultGroup[]> =>
    collectAll(
      listAll(
        (cursor) =>
          client.call(resultRoutes.groups, {
            params: { rolloutId },
            query: { limit: 100, ...(cursor === undefined ? {} : { cursor }) },
          }),
        GROUPS_MAX,
      ),
    );
  const refresh = async (): Promise<void> => {
    isDirty = false;
    try {
      show(await fetchGroups(), false);
    } catch (error) {
      // Told by `finish`; until then the next round may succeed.
      failure = error;
    }
  };
  const stop = context.clock.every(RESULTS_MS, () => {
    if (isDirty && asking === null && !context.isJson) {
      asking = refresh().finally(() => {
        asking = null;
      });
    }
  });
  return {
    refreshSoon: () => {
      isDirty = true;
    },
    async finish(): Promise<ResultGroup[]> {
      stop();
      await asking;
      const pause = () =>
        new Promise<void>((resolve) => void context.clock.after(OUTPUT_PAUSE_MS, () => resolve()));
      const groups = await fetchWithOutputs(fetchGroups, pause).catch((error: unknown) => {
        throw failure ?? error;
      });
      show(groups, true);
      return groups;
    },
    close: stop,
  };
}

/** The last line, and what the whole means to a script. */
export function conclude(context: CliContext, rollout: Rollout, groups: readonly ResultGroup[]): ExitCode {
  const { counts, id } = rollout;
  const total = totalOf(counts);
  if (context.isJson) printJson(context, { rollout, groups });
  else {
    const line = context.say(WORDS.summary, {
      state: rolloutStateName(context, rollout.state),
      succeeded: counts.succeeded,
      failed: counts.failed,
      other: total - counts.succeeded - counts.failed,
      total,
      took: took(rollout.startedAt ?? rollout.createdAt, rollout.endedAt ?? rollout.createdAt),
      id,
    });
    context.terminal.write(`${paint(context.terminal, stateColour(rollout.state) ?? 'bold', line)}\n`);
    if (rollout.state !== 'succeeded') {
      const { title } = context.describe(rollout.cause.code, rollout.cause.details);
      note(context, plain(title));
    }
  }
  return exitOf(rollout);
}

function exitOf(rollout: Rollout): ExitCode {
  const { counts, state } = rollout;
  if (['cancelled', 'halted', 'expired', 'rolled-back'].includes(state)) return EXIT.cancelled;
  return state === 'succeeded' && counts.succeeded === totalOf(counts) ? EXIT.ok : EXIT.someFailed;
}
