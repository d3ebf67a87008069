import { AppError, RedundancySet, type WaveSize, type Waves } from '@pilothouse/contract';

export interface WavesSaid {
  readonly batch: number | undefined;
  readonly canary: number | undefined;
  readonly canaryPerBuild: readonly string[] | undefined;
  readonly waves: readonly WaveSize[] | undefined;
  readonly perLabel: { readonly label: string; readonly order: readonly string[] } | undefined;
}

/** What was said of waves as one; undefined when nothing was. AppError CLI_OPTIONS_CONFLICT. */
export function wavesOf(said: WavesSaid): Waves | undefined {
  refuseBoth(['--canary', said.canary], ['--canary-per-build', said.canaryPerBuild]);
  refuseBoth(['--waves', said.waves], ['--batch', said.batch]);
  refuseBoth(['--per-label', said.perLabel], ['--waves', said.waves]);
  refuseBoth(['--per-label', said.perLabel], ['--batch', said.batch]);
  const canary =
    said.canary !== undefined
      ? { hosts: said.canary }
      : said.canaryPerBuild !== undefined
        ? { perBuild: [...said.canaryPerBuild] }
        : null;
  if (said.perLabel !== undefined) {
    const { label, order } = said.perLabel;
    return { kind: 'per-label', canary, label, order: [...order] };
  }
  if (said.waves !== undefined) return { kind: 'staged', canary, then: [...said.waves] };
  if (canary === null)
    return said.batch === undefined ? undefined : { kind: 'fixed', hostsPerWave: said.batch };
  // After the canary everybody else: whoever wants more steps says so.
  return {
    kind: 'staged',
    canary,
    then: [said.batch === undefined ? { percent: 100 } : { hosts: said.batch }],
  };
}

function refuseBoth(first: readonly [string, unknown], second: readonly [string, unknown]): void {
  if (first[1] !== undefined && second[1] !== undefined)
    throw new AppError('CLI_OPTIONS_CONFLICT', { first: first[0], second: second[0] });
}

/** `10%,25%,50%` or `5,20,50%`. */
export const waveSizes = (text: string): WaveSize[] =>
  text.split(',').map((part): WaveSize => {
    const size = countOrPercent(part.trim(), '10%,25%,50% | 5,20,100');
    if ('percent' in size ? size.percent === 0 || size.percent > 100 : size.count === 0)
      throw invalid(part, '10%,25%,50% | 5,20,100');
    return 'percent' in size ? size : { hosts: size.count };
  });

export function countOrPercent(text: string, expected: string): { count: number } | { percent: number } {
  const match = /^(\d{1,6})(\.\d{1,3})?(%)?$/.exec(text);
  if (match === null || (match[2] !== undefined && match[3] === undefined)) throw invalid(text, expected);
  const value = Number(`${match[1]}${match[2] ?? ''}`);
  return match[3] === undefined ? { count: value } : { percent: value };
}

/** `rack` or `rack:r7,r2`: these values first. */
export function labelOrder(text: string): { label: string; order: string[] } {
  const [label, order] = splitOnce(text);
  return { label, order: order === null ? [] : order.split(',').map((value) => value.trim()) };
}

/** `label:KEY` or `group:PATH`; a list of hosts is said in a plan file. */
export function redundancySet(text: string): RedundancySet {
  const [kind, rest] = splitOnce(text);
  const parsed = RedundancySet.safeParse(
    kind === 'label' ? { kind, label: rest } : kind === 'group' ? { kind, path: rest } : null,
  );
  if (!parsed.success) throw invalid(text, 'label:KEY | group:PATH');
  return parsed.data;
}

function splitOnce(text: string): [string, string | null] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, null] : [text.slice(0, colon), text.slice(colon + 1)];
}

const invalid = (value: string, expected: string): AppError =>
  new AppError('CLI_VALUE_INVALID', { value, expected });
