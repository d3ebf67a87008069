/** How a simulated agent treats its tasks. One value an agent; a fleet mixes them. */
export type Behaviour =
  /** Does what it is told: prints `output`, ends with `exitCode`, after `delayMs`. */
  | { readonly kind: 'honest'; readonly output: string; readonly exitCode: number; readonly delayMs: number }
  /** Sends every outcome twice. */
  | { readonly kind: 'duplicate'; readonly output: string }
  /** Starts, then loses its connection and comes back with the outcome. */
  | { readonly kind: 'vanishing'; readonly awayMs: number }
  /** Starts and dies: after the return the outcome is unknown. */
  | { readonly kind: 'dying' }
  /** Reads offers and answers nothing. */
  | { readonly kind: 'deaf' }
  /** Sends frames of wrong generations, outcomes of tasks it never had, and digests of nothing. */
  | { readonly kind: 'lying' };

export const honest = (output: string, delayMs = 0): Behaviour => ({
  kind: 'honest',
  output,
  exitCode: 0,
  delayMs,
});
