import { AppError, type Language, renderMessage, type TrustPolicy } from '@pilothouse/contract';
import type { CommandLine } from '../command-line.ts';
import { agentMessages } from '../messages.ts';
import { describeWanted } from '../policy/count-signers.ts';
import { readTrustPolicy } from '../policy/trust-policy-file.ts';
import { usableDirectory } from './usable-directory.ts';

/** `policy show`, `policy check [FILE]`: what this host asks for before it does anything, and whether that can be used. */
export async function policy(line: CommandLine): Promise<number> {
  const [verb = 'show', path] = line.words;
  if (verb !== 'show' && verb !== 'check')
    throw new AppError('AGENT_USAGE', {
      problem: { en: `there is no command policy ${verb}`, zh: `没有命令 policy ${verb}` },
    });
  const file = path ?? usableDirectory(line.dataDirectory).trustPolicy;
  const state = readTrustPolicy(file, process.getuid?.() ?? 0);
  const say = (key: keyof typeof agentMessages, parameters = {}): string =>
    renderMessage(agentMessages[key], line.language, parameters);
  if (state.kind === 'damaged')
    throw new AppError('AGENT_POLICY_DAMAGED', { path: file, problem: state.problem });
  if (state.kind === 'none') process.stdout.write(`${say('policyNone', { path: file })}\n`);
  else if (verb === 'check') process.stdout.write(`${say('policyGood', { path: file })}\n`);
  else
    process.stdout.write(
      rowsOf(state.policy, line.language)
        .map((row) => `${row.join('\t')}\n`)
        .join(''),
    );
  // Whoever checks a file that is not there mistyped its name.
  return state.kind === 'none' && path !== undefined ? 1 : 0;
}

/** Names as the file has them: whoever reads this edits that. */
function rowsOf(policy: TrustPolicy, language: Language): string[][] {
  const { mode, operators, signatures, allow, mandates, revokedMandates } = policy;
  return [
    ['mode', mode],
    ...operators.map(({ keyId, name, notAfter, groups }) => [
      'operator',
      keyId,
      name,
      notAfter,
      (groups ?? []).join(','),
    ]),
    ...Object.entries(signatures).map(([effect, wanted]) => [
      `signatures.${effect}`,
      describeWanted(wanted)[language],
    ]),
    ...allow.map(({ action, parameters }) => ['allow', action, JSON.stringify(parameters)]),
    ['mandates', mandates],
    ...(revokedMandates ?? []).map((digest) => ['revoked', digest]),
  ];
}
