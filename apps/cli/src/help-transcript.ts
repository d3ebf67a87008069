import { type Language, renderMessage } from '@pilothouse/contract';
import { buildProgram } from './build-command.ts';
import type { VerbGroup } from './command-catalogue.ts';
import { overallHelp } from './overall-help.ts';

/** The width of the transcripts; people's terminals differ, golden files must not. */
const COLUMNS = 100;

/** Every help text of the command line, one after another, as a terminal of a fixed width shows them. */
export async function helpTranscript(groups: readonly VerbGroup[], language: Language): Promise<string> {
  const say = (message: { en: string; zh: string }): string => renderMessage(message, language);
  let text = `$ pilothouse --help\n${overallHelp(groups, say)}`;
  for (const verb of groups.flatMap((group) => group.verbs)) {
    const commands = await verb.load();
    const program = buildProgram(verb, commands, {
      say,
      columns: COLUMNS,
      write: (words) => {
        text += words;
      },
      run: async () => {},
    });
    const root = program.commands[0];
    for (const command of root === undefined ? [] : [root, ...root.commands]) {
      const path = command === root ? verb.name : `${verb.name} ${command.name()}`;
      text += `\n$ pilothouse ${path} --help\n`;
      command.outputHelp();
    }
  }
  return text;
}
