import type { Digest, OutputBody } from '@pilothouse/contract';
import { heldText, pageCursor, readCursor } from '../page-cursor.ts';
import { readGroupKeys, readOutput } from './result-store.ts';
import type { ResultDeps, Sight } from './results.ts';

/** Outputs that one request unpacks: about a second when each is at its cap. */
const OUTPUTS_PER_REQUEST_MAX = 200;
const LINES_MAX = 20;
const LINE_CHARS_MAX = 400;
const NAMES_MAX = 100;

export interface OutputMatch {
  outputDigest: Digest;
  hostsCount: number;
  hostNames: string[];
  lines: { stream: 'stdout' | 'stderr'; number: number; text: string }[];
}

/** Looks for `text` as it stands in each distinct output once. A page may be empty and still have a next one. */
export async function searchOutputs(
  deps: ResultDeps,
  sight: Sight,
  query: { text: string; cursor?: string | undefined; limit: number },
): Promise<{ items: OutputMatch[]; nextCursor: string | null }> {
  const hosts = await hostsByOutput(deps, sight);
  const after = readCursor(query.cursor, heldText) ?? '';
  const digests = [...hosts.keys()].sort().filter((digest) => digest > after);
  const items: OutputMatch[] = [];
  let looked = 0;
  for (const digest of digests) {
    if (looked === OUTPUTS_PER_REQUEST_MAX || items.length === query.limit)
      return { items, nextCursor: pageCursor(digests[looked - 1] ?? after) };
    looked += 1;
    const body = await readOutput(deps.context.store, digest);
    const lines = body === null ? [] : linesWith(body, query.text);
    if (lines.length === 0) continue;
    const names = hosts.get(digest) ?? [];
    items.push({
      outputDigest: digest,
      hostsCount: names.length,
      hostNames: names.sort().slice(0, NAMES_MAX),
      lines,
    });
  }
  return { items, nextCursor: null };
}

async function hostsByOutput(deps: ResultDeps, sight: Sight): Promise<Map<Digest, string[]>> {
  const hosts = new Map<Digest, string[]>();
  for (const { index, hostId, outputDigest } of await readGroupKeys(deps.context.store, sight.record.id)) {
    if (outputDigest === null || !sight.isInScope(hostId)) continue;
    const names = hosts.get(outputDigest) ?? [];
    names.push(sight.plan.hosts[index]?.name ?? hostId);
    hosts.set(outputDigest, names);
  }
  return hosts;
}

function linesWith(body: OutputBody, text: string): OutputMatch['lines'] {
  const found: OutputMatch['lines'] = [];
  for (const stream of ['stdout', 'stderr'] as const) {
    if (!body[stream].includes(text)) continue;
    for (const [at, line] of body[stream].split('\n').entries()) {
      if (!line.includes(text)) continue;
      if (found.length === LINES_MAX) return found;
      found.push({ stream, number: at + 1, text: line.slice(0, LINE_CHARS_MAX) });
    }
  }
  return found;
}
