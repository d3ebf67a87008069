import {
  type CliContext,
  defineCommand,
  EXIT,
  flag,
  integer,
  jsonText,
  limitOption,
  moment,
  paint,
  plain,
  showPairs,
  text,
} from '@pilothouse/cli-kit';
import { watchEvents } from '@pilothouse/client';
import { Event, eventsRoutes } from '@pilothouse/contract';
import { hostNames } from './host-names.ts';

const PAGE = 200;

export const eventsCommands = [
  defineCommand({
    path: 'events',
    summary: { en: 'Show what happened, and what happens', zh: '查看已发生和正在发生的事件' },
    arguments: {},
    options: {
      follow: flag({ short: 'f', about: { en: 'Go on with what happens from now', zh: '持续显示新事件' } }),
      type: text({
        placeholder: 'TYPE',
        about: { en: 'host.online, or host.* for all of a noun', zh: 'host.online，或 host.* 表示同类全部' },
      }),
      after: integer({
        placeholder: 'CURSOR',
        min: 0,
        max: Number.MAX_SAFE_INTEGER,
        about: { en: 'After this cursor', zh: '该游标之后' },
      }),
      limit: limitOption,
    },
    examples: [
      {
        line: "pilothouse events --type 'host.*' --follow",
        about: { en: 'Hosts that come and go', zh: '跟踪主机上下线' },
      },
      {
        line: 'pilothouse events --json --after 1200',
        about: { en: 'For a program that resumes', zh: '供程序续读' },
      },
    ],
    async run(context, { options }) {
      const client = await context.connect();
      const filter = options.type === undefined ? {} : { type: options.type };
      let after = options.after;
      let left = options.limit ?? PAGE;
      while (!options.follow || after !== undefined) {
        const page = await client.call(eventsRoutes.list, {
          // Who goes on afterwards misses none on the way there.
          query: {
            ...filter,
            limit: options.follow ? PAGE : Math.min(left, PAGE),
            ...(after === undefined ? {} : { after }),
          },
        });
        const names = await hostNames(client, page.items);
        for (const event of page.items) printEvent(context, event, names);
        after = page.cursor;
        left -= page.items.length;
        if (page.isAtEnd || (left <= 0 && !options.follow)) break;
      }
      if (!options.follow) return EXIT.ok;
      const query = { ...filter, ...(after === undefined ? {} : { after }) };
      const input = { query, signal: context.signal };
      for await (const event of watchEvents(client, eventsRoutes.stream, input, context.watchWorld)) {
        const parsed = Event.safeParse(JSON.parse(event.data));
        if (parsed.success) printEvent(context, parsed.data, await hostNames(client, [parsed.data]));
      }
      // Nothing else ends it.
      return EXIT.interrupted;
    },
  }),
];

/** One event a line; with --json one JSON value a line, so that a stream can be read as it comes. */
function printEvent(context: CliContext, event: Event, names: ReadonlyMap<string, string>): void {
  if (context.isJson) {
    context.terminal.write(`${jsonText(event)}\n`);
    return;
  }
  const host = event.hostId === null ? '' : ` ${names.get(event.hostId) ?? event.hostId}`;
  const pairs = showPairs(event.data);
  const data = pairs === '' ? '' : ` ${pairs}`;
  const { terminal } = context;
  terminal.write(
    `${paint(terminal, 'grey', moment(event.at))} ${paint(terminal, 'bold', event.type)}${plain(host)}${plain(data)}\n`,
  );
}
