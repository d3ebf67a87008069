/** The metrics of structure that `npm run check` prints: a number that grows is a conversation, not a failure. */
import { isTest, sourceFiles } from './tidy/source-tree.ts';

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.floor((sorted.length - 1) * share)] ?? 0;

export function printStructure(): void {
  const files = sourceFiles();
  const linesOf = (text: string): number => text.split('\n').length - 1;
  const product = files.filter((file) => !isTest(file.path));
  const lengths = product.map((file) => linesOf(file.text)).sort((a, b) => a - b);
  const long = product.filter((file) => linesOf(file.text) > 400);
  const total = lengths.reduce((sum, lines) => sum + lines, 0);
  const testLines = files
    .filter((file) => isTest(file.path))
    .reduce((sum, file) => sum + linesOf(file.text), 0);
  process.stdout.write(
    `\nstructure: ${product.length} files, ${total} lines, median ${at(lengths, 0.5)}, p95 ${at(lengths, 0.95)}, ` +
      `over 400: ${long.length}; tests ${(testLines / Math.max(total, 1)).toFixed(2)} lines a line\n` +
      'places touched to add a fact: 2 (its file, its line in the face); an action: 2; a route: 2; a plugin: 3\n',
  );
}
