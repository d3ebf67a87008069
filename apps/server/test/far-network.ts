/** For tests: a network of its own for one machine, which can be cut off so that nobody is told: a black hole. Needs root. */
import { execFileSync } from 'node:child_process';

/** Of a /30 that nothing else here uses. */
export const NEAR = '10.97.0.1';
export const FAR = '10.97.0.2';
/** A card that nobody has: what is sent to it is taken by nobody, and nobody says so. */
const NOBODY = '02:00:00:00:97:97';

export interface FarNetwork {
  /** What a program there is started by. */
  readonly before: readonly string[];
  cut(): void;
  heal(): void;
  remove(): void;
}

const ip = (...args: readonly string[]): void => {
  execFileSync('ip', args, { stdio: 'pipe' });
};

export function farNetwork(): FarNetwork {
  const name = `pilothouse-far-${process.pid}`;
  // Names of links have 15 characters at most.
  const [near, far] = [`phn${process.pid}`, `phf${process.pid}`];
  const before = ['ip', 'netns', 'exec', name] as const;
  const inside = (...args: readonly string[]): void => ip('netns', 'exec', name, 'ip', ...args);
  ip('netns', 'add', name);
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', name);
  ip('address', 'add', `${NEAR}/30`, 'dev', near);
  ip('link', 'set', near, 'up');
  inside('address', 'add', `${FAR}/30`, 'dev', far);
  inside('link', 'set', far, 'up');
  inside('link', 'set', 'lo', 'up');
  return {
    before,
    cut() {
      ip('neigh', 'replace', FAR, 'lladdr', NOBODY, 'nud', 'permanent', 'dev', near);
      inside('neigh', 'replace', NEAR, 'lladdr', NOBODY, 'nud', 'permanent', 'dev', far);
    },
    heal() {
      ip('neigh', 'del', FAR, 'dev', near);
      inside('neigh', 'del', NEAR, 'dev', far);
    },
    remove() {
      // The link goes with either of its ends.
      ip('link', 'del', near);
      ip('netns', 'del', name);
    },
  };
}
