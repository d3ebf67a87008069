import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and gives what it printed, whatever its exit code. */
export function runCommand(program: string, args: readonly string[], input?: string): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 128, stdout, stderr }));
    child.stdin.on('error', () => undefined /* a program that does not read its input is no error */);
    child.stdin.end(input ?? '');
  });
}

/** The same for commands that must succeed: their stdout, or an error that says what was being done. */
export async function mustRun(program: string, args: readonly string[]): Promise<string> {
  const result = await runCommand(program, args);
  if (result.exitCode !== 0) {
    throw new Error(
      `${program} ${args.join(' ')}: exit ${result.exitCode}: ${result.stderr.trim().slice(-500)}`,
    );
  }
  return result.stdout;
}
