/**
 * `npm run audit`: asks the registry for known vulnerabilities of what the product ships. A registry without such an index is
 * said plainly and is no failure: nothing was learned, good or bad. What can be judged without one is in `npm run check`.
 */
import { spawnSync } from 'node:child_process';

const TIMEOUT_MS = 60_000;

const asked = spawnSync('npm', ['audit', '--omit=dev', '--audit-level=low', '--audit=true'], {
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
});
const said = `${asked.stdout ?? ''}${asked.stderr ?? ''}`;
const isAnswered = /found 0 vulnerabilities|severity|vulnerabilit(y|ies)/i.test(said);
process.stdout.write(
  isAnswered
    ? said
    : 'not asked: the registry has no index of vulnerabilities, or it cannot be reached. Nothing is known either way.\n',
);
process.exitCode = isAnswered && asked.status !== 0 ? 1 : 0;
