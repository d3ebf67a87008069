/** `npm run check`: types, lint, format, tidy and the metrics of structure, side by side. Budget: 10 s on two cores. */
import { spawn } from 'node:child_process';
import { printStructure } from './structure.ts';

interface Check {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
}

// Two run at a time, the longest first. Several checkers in one process each infer the same schemas again: one is half the work.
const CHECKS: readonly Check[] = [
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--checkers', '1'] },
  { name: 'types, isomorphic', command: ['tsc', '-p', 'tsconfig.isomorphic.json', '--checkers', '1'] },
  { name: 'format', command: ['biome', 'ci', '--colors', process.stdout.isTTY ? 'force' : 'off', '.'] },
  {
    name: 'tidy',
    command: ['node', '--test', '--test-isolation=none', '--test-reporter=dot', 'tools/tidy/*.test.ts'],
  },
  {
    name: 'unused',
    command: ['knip', '--no-progress', '--no-config-hints', '--cache', '--cache-location', '.cache/knip'],
  },
];

/**
 * The compilers are short-lived Go programs: one thread each, and no collection of garbage below the limit of memory. The tidy
 * tests load the whole product: Node keeps what it compiled, keyed by the text of each file.
 */
const FRUGAL = {
  GOMAXPROCS: '1',
  GOGC: 'off',
  GOMEMLIMIT: '1500MiB',
  NODE_COMPILE_CACHE: '.cache/compiled',
  ...process.env,
};

interface Finished {
  readonly name: string;
  readonly isGreen: boolean;
  readonly seconds: number;
  readonly output: string;
}

function runCheck(check: Check): Promise<Finished> {
  const started = performance.now();
  const [program, ...args] = check.command;
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: FRUGAL });
    let output = '';
    const keep = (text: Buffer): void => {
      output += text.toString('utf8');
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('error', (error) => keep(Buffer.from(error.message)));
    child.on('close', (code) => {
      resolve({
        name: check.name,
        isGreen: code === 0,
        seconds: (performance.now() - started) / 1000,
        output,
      });
    });
  });
}

const started = performance.now();
const results: Finished[] = [];
const waiting = [...CHECKS];
async function runLane(): Promise<void> {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    results.push(await runCheck(check));
  }
}
await Promise.all([runLane(), runLane()]);
for (const { name, isGreen, seconds, output } of results) {
  process.stdout.write(`${isGreen ? 'ok  ' : 'FAIL'}  ${name.padEnd(18)} ${seconds.toFixed(1)} s\n`);
  if (!isGreen) process.stdout.write(`${output.trim()}\n\n`);
}
printStructure();
process.stdout.write(`\nchecked in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
process.exitCode = results.every((result) => result.isGreen) ? 0 : 1;
