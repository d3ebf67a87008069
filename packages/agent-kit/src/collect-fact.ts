/**
 * How a collector's answer becomes a fact: bounded in time, checked by the fact's own schema, in canonical form, named by
 * its digest. Whatever goes wrong becomes an absence with its reason; nothing a collector does ends the agent.
 */
import type { Clock } from '@pilothouse/base';
import { errorCode } from '@pilothouse/base';
import {
  canonicalJson,
  digestOfText,
  FACT_BODY_BYTES_MAX,
  type FactAbsence,
  type FactReport,
  isMessage,
  type Message,
  reasonText,
} from '@pilothouse/contract';
import type { Collected, Collector } from './collector.ts';
import { createHostAccess, type HostAccessOptions } from './create-host-access.ts';
import type { HostAccess } from './host-access.ts';

/** `text` is the canonical JSON of the body; null when absent. */
export interface FactReading {
  readonly report: FactReport;
  readonly text: string | null;
}

export interface CollectOptions {
  readonly clock: Clock;
  /** How collectors see the host; programs they started are ended through the signal when time is up. */
  readonly host?: (signal: AbortSignal) => HostAccess;
  readonly access?: HostAccessOptions;
}

export async function collectFact(collector: Collector, options: CollectOptions): Promise<FactReading> {
  const { fact } = collector;
  const abort = new AbortController();
  const host = options.host ?? ((signal) => createHostAccess({ ...options.access, signal }));
  let cancel = (): void => {};
  const late = new Promise<'late'>((resolve) => {
    cancel = options.clock.after(collector.timeoutMs, () => resolve('late'));
  });
  try {
    const answer = await Promise.race([collector.collect(host(abort.signal)), late]);
    if (answer === 'late')
      return absent(fact.name, 'failed', {
        en: `took longer than ${collector.timeoutMs} ms`,
        zh: `耗时超过 ${collector.timeoutMs} 毫秒`,
      });
    return readingOf(collector, answer);
  } catch (error) {
    return absentByError(fact.name, error);
  } finally {
    cancel();
    abort.abort(new Error('the collector has ended'));
  }
}

/** One after the other, so that a first start does not load a host that is busy with its own work. */
export async function collectAll(
  collectors: readonly Collector[],
  options: CollectOptions,
): Promise<Map<string, FactReading>> {
  const readings = new Map<string, FactReading>();
  for (const collector of collectors) {
    readings.set(collector.fact.name, await collectFact(collector, options));
  }
  return readings;
}

function readingOf(collector: Collector, answer: Collected<unknown>): FactReading {
  const { fact } = collector;
  if (answer.kind === 'absent') return absent(fact.name, answer.reason, answer.detail);
  const parsed = fact.body.safeParse(answer.body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const place = `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`;
    return absent(fact.name, 'failed', {
      en: `what was found does not fit its schema: ${place}`,
      zh: `采集到的内容不符合其结构：${place}`,
    });
  }
  const text = canonicalJson(parsed.data);
  const sizeBytes = Buffer.byteLength(text);
  const sizeBytesMax = Math.min(fact.sizeBytesMax, FACT_BODY_BYTES_MAX);
  if (sizeBytes > sizeBytesMax) {
    return absent(fact.name, 'too-large', {
      en: `${sizeBytes} bytes; at most ${sizeBytesMax}`,
      zh: `${sizeBytes} 字节；上限 ${sizeBytesMax}`,
    });
  }
  const { unknownLines } = answer;
  return {
    report: { kind: 'present', fact: fact.name, digest: digestOfText(text), sizeBytes, unknownLines },
    text,
  };
}

function absentByError(fact: string, error: unknown): FactReading {
  const code = errorCode(error);
  const doing = error instanceof Error ? error.message : String(error);
  const why = error instanceof Error && 'doing' in error && isMessage(error.doing) ? error.doing : null;
  return absent(
    fact,
    code === 'EACCES' || code === 'EPERM' ? 'needs-root' : 'failed',
    why ?? { en: doing, zh: doing },
  );
}

function absent(fact: string, reason: FactAbsence, detail: Message): FactReading {
  const why = reasonText(detail);
  return { report: { kind: 'absent', fact, reason, detail: why.en, why }, text: null };
}
