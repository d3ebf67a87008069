import { onlyOurs, type Terminal } from '@pilothouse/cli-kit';
import { AppError } from '@pilothouse/contract';

/** What a pipe is taken for when text must be wrapped, such as help. */
const COLUMNS_DEFAULT = 80;

type Environment = Readonly<Record<string, string | undefined>>;

/** The process's own streams as a Terminal. */
export function systemTerminal(process: NodeJS.Process, options: { isColourAllowed: boolean }): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    isOutputTty: stdout.isTTY === true,
    isErrorTty: stderr.isTTY === true,
    isInputTty: stdin.isTTY === true && stderr.isTTY === true,
    get columns() {
      // A terminal whose size nobody set says 0.
      return stdout.columns || stderr.columns || COLUMNS_DEFAULT;
    },
    get rows() {
      return stdout.rows ?? 24;
    },
    hasColour: options.isColourAllowed && stdout.isTTY === true && wantsColour(process.env),
    write: (text) => void stdout.write(stdout.isTTY === true ? onlyOurs(text) : text),
    writeError: (text) => void stderr.write(stderr.isTTY === true ? onlyOurs(text) : text),
    ask: (question, asking) => askLine(process, question, asking?.isSecret ?? false),
    readInput: (charsMax) => readAll(stdin, charsMax),
  };
}

const wantsColour = (environment: Environment): boolean =>
  (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';

/** Questions go to stderr, so that a redirected stdout holds results alone. */
async function askLine(process: NodeJS.Process, question: string, isSecret: boolean): Promise<string | null> {
  if (process.stdin.isTTY !== true) return null;
  const [{ createInterface }, { Writable }] = await Promise.all([
    import('node:readline'),
    import('node:stream'),
  ]);
  // readline echoes what is typed to its output; a secret's output swallows it.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  process.stderr.write(onlyOurs(question));
  return new Promise((resolve) => {
    const lines = createInterface({
      input: process.stdin,
      output: isSecret ? silent : process.stderr,
      terminal: true,
    });
    let answer: string | null = null;
    lines.on('line', (line) => {
      answer = line;
      lines.close();
    });
    lines.on('SIGINT', () => {
      lines.close();
      process.kill(process.pid, 'SIGINT');
    });
    lines.on('close', () => {
      if (isSecret) process.stderr.write('\n');
      resolve(answer);
    });
  });
}

async function readAll(stdin: NodeJS.ReadStream, charsMax: number): Promise<string> {
  let text = '';
  stdin.setEncoding('utf8');
  for await (const chunk of stdin) {
    text += chunk;
    if (text.length > charsMax) {
      throw new AppError('CLI_VALUE_INVALID', {
        value: 'stdin',
        expected: { en: `≤ ${charsMax} characters`, zh: `≤ ${charsMax} 个字符` },
      });
    }
  }
  return text;
}
