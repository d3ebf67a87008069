/**
 * How two machines with one identity are told from one machine that came back.
 *
 * Problem: a host whose power was cut leaves a session that looks alive; its new session must simply take over. A cloned
 * disk, too, opens a second session with the same certificate. Quarantining the first would be an outage of our making.
 *
 * Rule: a new session always takes over. The old one, if its connection is still there, is kept aside as a *shadow* and is
 * sent a random challenge. A shadow that is silent until the deadline is cut and nothing else happens. One that answers lives;
 * then the session that took over is challenged, too, and only its answer proves that two agents live at once: what an agent
 * had sent over a connection that it has given up may arrive after the session of its next one has begun, and nobody answers
 * there. In that case the host has only lost its place, so both are cut, and the one agent that lives dials again. The second
 * proof needs no overlap: a boot id that was replaced by another never returns on one machine, since each boot draws a new one.
 *
 * Limits: boot ids are remembered per process and per host, the last few only; clones that take turns more slowly than the
 * server restarts are seen at their first overlap instead.
 */
export const BOOT_IDS_KEPT = 4;

/** The history with this boot id at its end, and whether the id had been left behind before. */
export function afterBoot(
  history: readonly string[],
  bootId: string,
): { readonly history: readonly string[]; readonly hasReturned: boolean } {
  if (history.at(-1) === bootId) return { history, hasReturned: false };
  const hasReturned = history.includes(bootId);
  const next = [...history.filter((known) => known !== bootId), bootId];
  return { history: next.slice(-BOOT_IDS_KEPT), hasReturned };
}
