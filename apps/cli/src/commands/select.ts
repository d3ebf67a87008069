import {
  defineCommand,
  EXIT,
  note,
  one,
  paint,
  plain,
  printJson,
  resolveHostId,
  text,
} from '@pilothouse/cli-kit';
import { selectRoutes, type Verdict } from '@pilothouse/contract';

const SUMMARY = {
  en: '{matched} of {total} {total:host matches|hosts match}, {undetermined} cannot be decided',
  zh: '共 {total} 台主机，匹配 {matched} 台，无法判定 {undetermined} 台',
};
const VERDICTS = {
  true: { en: 'yes', zh: '是' },
  false: { en: 'no', zh: '否' },
  unknown: { en: 'unknown', zh: '未知' },
};
const COLOURS = { true: 'green', false: 'red', unknown: 'yellow' } as const;

export const selectCommands = [
  defineCommand({
    path: 'select',
    summary: { en: 'Show which hosts a selector picks, and why', zh: '显示选择器匹配哪些主机及原因' },
    arguments: { selector: one({ en: 'A selector', zh: '选择器' }) },
    options: {
      explain: text({
        placeholder: 'HOST',
        about: { en: 'Say why it matches this host, or not', zh: '说明为何匹配或不匹配该主机' },
      }),
    },
    examples: [
      {
        line: 'pilothouse select \'label.role == "web" && os.id == "debian"\'',
        about: { en: 'Names and how many', zh: '查看名称与数量' },
      },
      {
        line: 'pilothouse select \'label.role == "web"\' --explain web-1',
        about: { en: 'Condition by condition', zh: '逐条说明' },
      },
    ],
    async run(context, { args, options }) {
      const client = await context.connect();
      const { selector } = args;
      if (options.explain === undefined) {
        const answer = await client.call(selectRoutes.check, { query: { selector } });
        if (context.isJson) printJson(context, answer);
        else {
          context.terminal.write(answer.names.map((name) => `${plain(name)}\n`).join(''));
          note(context, context.say(SUMMARY, answer));
        }
        return EXIT.ok;
      }
      const hostId = await resolveHostId(client, options.explain);
      const answer = await client.call(selectRoutes.explain, { query: { selector, hostId } });
      if (context.isJson) printJson(context, answer);
      else {
        const verdict = (of: Verdict): string =>
          paint(context.terminal, COLOURS[of], context.say(VERDICTS[of]));
        context.terminal.write(`${plain(options.explain)}: ${verdict(answer.verdict)}\n`);
        for (const { text: words, verdict: of, saw } of answer.conditions) {
          context.terminal.write(`  ${verdict(of)}  ${plain(words)}  ←  ${plain(saw)}\n`);
        }
      }
      return EXIT.ok;
    },
  }),
];
