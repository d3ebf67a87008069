import type { Judgement } from './judgement.ts';

/** Whether an agent is older than the server needs. A version that is not `n.n.n…` is a development build and passes. */
export function judgeAgentVersion(version: string | null, versionMin: string): Judgement[] {
  const [own, least] = [numbersOf(version ?? ''), numbersOf(versionMin)];
  if (own === null || least === null || version === null) return [];
  for (let i = 0; i < least.length; i++) {
    const difference = (own[i] ?? 0) - (least[i] ?? 0);
    if (difference > 0) return [];
    if (difference < 0) return [{ key: '', evidence: { version, versionMin } }];
  }
  return [];
}

function numbersOf(version: string): number[] | null {
  const match = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})/.exec(version);
  return match === null ? null : match.slice(1).map(Number);
}
