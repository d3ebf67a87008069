/**
 * Are the touched hosts worse than the untouched ones, or is it chance?
 *
 * Problem: a canary's numbers differ a little from the others' in every healthy rollout. A fixed threshold either halts
 * good changes or lets bad ones through, and nobody knows how often.
 *
 * Rule: the one-sided rank test of Mann and Whitney (1947) on one number a host. Under "the change makes no difference"
 * every assignment of the ranks to the touched hosts is equally likely, so p is the share of assignments with a rank sum
 * at least as large as the one seen. A gate that halts at p <= alpha halts at most that share of healthy rollouts.
 *
 * Why ranks: load, pressure and latencies are skewed and have outliers; ranks need no shape of the distribution, and one
 * mad host among the untouched cannot hide ten bad canaries.
 *
 * How: exact for up to EXACT_HOSTS_MAX hosts, by counting subsets over doubled midranks, so ties are exact, too; exact in
 * closed form when one side is a single host; otherwise the normal approximation with the correction for ties and for
 * continuity, whose tail is heavier than the true one where a side is small, so it errs towards not halting.
 *
 * Limits: with few hosts no difference, however large, can be told from chance: see `smallestP`.
 */

/** Counting subsets costs about the cube of this: a few million steps. */
const EXACT_HOSTS_MAX = 60;

/** The chance, in a world where nothing changed, to see the touched hosts at least this much higher; 0 < p <= 1. */
export function chanceOfHigher(touched: readonly number[], untouched: readonly number[]): number {
  const hosts = touched.length + untouched.length;
  if (touched.length === 0 || untouched.length === 0) return 1;
  const { ranks, tieSizes } = doubledMidranks([...touched, ...untouched]);
  const seen = ranks.slice(0, touched.length).reduce((sum, rank) => sum + rank, 0);
  if (touched.length === 1) return ranks.filter((rank) => rank >= seen).length / hosts;
  if (untouched.length === 1) {
    const other = ranks.at(-1) ?? 0;
    return ranks.filter((rank) => rank <= other).length / hosts;
  }
  return hosts <= EXACT_HOSTS_MAX
    ? exactTail(ranks, touched.length, seen)
    : normalTail({ touched: touched.length, untouched: untouched.length, seen, tieSizes });
}

/** The smallest p that so many hosts can give: when it is above alpha, the test can never halt. */
export function smallestP(touchedCount: number, untouchedCount: number): number {
  if (touchedCount === 0 || untouchedCount === 0) return 1;
  let ways = 1;
  for (let i = 1; i <= Math.min(touchedCount, untouchedCount); i++)
    ways *= (touchedCount + untouchedCount + 1 - i) / i;
  return 1 / ways;
}

/** Twice the midrank of each value, an integer also among ties, and the size of each group of equal values. */
function doubledMidranks(values: readonly number[]): { ranks: number[]; tieSizes: number[] } {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length).fill(0);
  const tieSizes: number[] = [];
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]?.value === order[from]?.value) to += 1;
    for (const { index } of order.slice(from, to)) ranks[index] = from + 1 + to;
    tieSizes.push(to - from);
    from = to;
  }
  return { ranks, tieSizes };
}

/** Share of the subsets of `size` ranks whose sum is at least `seen`: ways[k][s], filled rank by rank. */
function exactTail(ranks: readonly number[], size: number, seen: number): number {
  const sumMax = ranks.reduce((sum, rank) => sum + rank, 0);
  const ways = Array.from({ length: size + 1 }, () => new Float64Array(sumMax + 1));
  const none = ways[0];
  if (none !== undefined) none[0] = 1;
  for (const rank of ranks)
    for (let count = size; count >= 1; count--) addShifted(ways[count], ways[count - 1], rank);
  const all = ways[size] ?? new Float64Array();
  const total = all.reduce((sum, count) => sum + count, 0);
  return all.slice(seen).reduce((sum, count) => sum + count, 0) / total;
}

function addShifted(to: Float64Array | undefined, from: Float64Array | undefined, by: number): void {
  if (to === undefined || from === undefined) return;
  for (let sum = to.length - 1; sum >= by; sum--) to[sum] = (to[sum] ?? 0) + (from[sum - by] ?? 0);
}

function normalTail(of: {
  touched: number;
  untouched: number;
  seen: number;
  tieSizes: readonly number[];
}): number {
  const { touched, untouched } = of;
  const all = touched + untouched;
  const u = of.seen / 2 - (touched * (touched + 1)) / 2;
  const ties = of.tieSizes.reduce((sum, size) => sum + size ** 3 - size, 0);
  const variance = ((touched * untouched) / 12) * (all + 1 - ties / (all * (all - 1)));
  if (variance <= 0) return 1;
  return upperTail((u - (touched * untouched) / 2 - 0.5) / Math.sqrt(variance));
}

/** P(Z >= z) of the standard normal, to 7.5e-8 (Abramowitz and Stegun, 26.2.17). */
function upperTail(z: number): number {
  if (z < 0) return 1 - upperTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const polynomial =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
}
