/** What a script can rely on. A code never changes its meaning; docs/guides lists them for people. */
export const EXIT = {
  ok: 0,
  /** The work was done, and some hosts or checks did not succeed. */
  someFailed: 1,
  /** The line itself is wrong: unknown verb or option, missing or bad value, or a question that nobody could answer. */
  usage: 2,
  /** The server refused: not permitted, not found, conflict, invalid input. */
  refused: 3,
  /** The server cannot be reached, is not trusted, or does not speak this protocol. */
  unreachable: 4,
  notSignedIn: 5,
  /** The person said no, or the rollout was cancelled, halted or expired. */
  cancelled: 6,
  /** A fault of this program, or nobody took what it wrote. */
  internal: 70,
  /** Ctrl-C, as shells count it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
