import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verbGroups } from '../../apps/cli/src/verbs.ts';
import { filesMatching, sourceFiles } from './source-tree.ts';

const verbs = verbGroups.flatMap((group) => group.verbs);
const paths = new Set<string>();
for (const verb of verbs) for (const command of await verb.load()) paths.add(command.path);

/** What is wrong with `pilothouse WORDS…`, or null. A verb with commands below it names one of them, an option, or an id. */
function wrongWith(line: string): string | null {
  const [verb = '', second = ''] = line.split(' ').map((word) => word.replace(/[.'"）)]+$/, ''));
  if (!verbs.some((known) => known.name === verb)) return `there is no verb ${verb}`;
  const below = [...paths].filter((path) => path.startsWith(`${verb} `));
  if (below.length === 0 || second === '' || below.includes(`${verb} ${second}`)) return null;
  const isThing = !/^[a-z][a-z-]+$/.test(second) || /^(web-|h\d)/.test(second);
  if (!isThing || !paths.has(verb)) return `there is no ${verb} ${second}`;
  const later = below.find((path) =>
    line
      .split(' ')
      .slice(2)
      .includes(path.split(' ')[1] ?? ''),
  );
  return later === undefined ? null : `it is written ${later} …`;
}

test('command lines that texts and pages tell people to type exist', () => {
  const offences: string[] = [];
  const files = [...sourceFiles(), ...filesMatching(/^(README[.\w]*|docs\/[^/]+)\.md$/)];
  for (const file of files) {
    if (/\.(test|story)\.ts$/.test(file.path)) continue;
    // In sources only what people read: a text in a language, or an example's line. A page may show what is refused.
    const isRead = (text: string): boolean =>
      file.path.endsWith('.md') ? !/# exit \d+$/.test(text) : /\b(en|zh|line):/.test(text);
    const text = file.text.split('\n').filter(isRead).join('\n');
    for (const [, line = ''] of text.matchAll(
      /(?<![\w/@-])pilothouse ([a-z][a-z-]*(?: [^\s`。；，,;:)\\]+){0,3})/g,
    )) {
      const wrong = wrongWith(line);
      if (wrong !== null) offences.push(`${file.path}: pilothouse ${line}: ${wrong}`);
    }
  }
  assert.deepEqual(offences, []);
});
