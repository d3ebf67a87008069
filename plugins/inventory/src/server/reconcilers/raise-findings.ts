/**
 * Keeps inventory's findings true. A change of a fact or of an agent's version marks that host; marked hosts are judged
 * one after the other, and every ten minutes all of them, so that nothing depends on having seen each change. A fact
 * that is absent leaves its findings as they are: not knowing is no proof of health.
 */
import { MINUTE_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { KernelServices, Log, Reconciler } from '@pilothouse/kernel';
import { agentOutdated } from '../../contract.ts';
import { judgeAgentVersion } from '../../domain/judge-agent-version.ts';
import { createMemory, FACT_JUDGES } from '../judge-facts.ts';

const AGENT = 'agent';
/** Judged between two looks at the sockets: about a millisecond. */
const MARKS_PER_TURN = 256;

export interface FindingsRaiser extends Reconciler {
  /** Resolves when everything marked so far is judged. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export function createFindingsRaiser(
  kernel: Pick<KernelServices, 'hosts' | 'facts' | 'findings'>,
  options: { readonly agentVersionMin: string; readonly log: Log },
): FindingsRaiser {
  /** `host aspect`; as a set it is never larger than hosts × judges. */
  const marked = new Set<string>();
  const judgeHost = createHostJudge(kernel, options.agentVersionMin);
  let working: Promise<void> | null = null;
  let isClosed = false;

  const work = async (): Promise<void> => {
    let count = 0;
    for (const mark of marked) {
      count += 1;
      // Where nothing is wrong nothing is waited for.
      if (count % MARKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      if (isClosed) return;
      marked.delete(mark);
      const [hostId = '', aspect = ''] = mark.split(' ');
      try {
        await judgeHost(hostId, aspect);
      } catch (cause) {
        // The next full pass repeats it; one host must not keep the others from being judged.
        options.log.warn('judging a host failed', { hostId, aspect, cause: String(cause) });
      }
    }
  };

  const settled = async (): Promise<void> => {
    while (marked.size > 0 && !isClosed) {
      working ??= work().finally(() => {
        working = null;
      });
      await working;
    }
    if (working !== null) await working;
  };

  const mark = (hostId: HostId, aspects: readonly string[]): void => {
    for (const aspect of aspects) marked.add(`${hostId} ${aspect}`);
    // `settled` cannot reject: `work` logs what fails.
    void settled();
  };

  const judged = new Set(FACT_JUDGES.map(({ fact }) => fact));
  const unsubscribe = [
    kernel.facts.onChange((changes) => {
      for (const change of changes) if (judged.has(change.fact)) mark(change.hostId, [change.fact]);
    }),
    kernel.hosts.onChange(({ before, after }) => {
      if (after !== null && before?.agentVersion !== after.agentVersion) mark(after.id, [AGENT]);
    }),
  ];

  return {
    name: 'inventory.raise-findings',
    intervalMs: 10 * MINUTE_MS,
    async run() {
      for (const hostId of kernel.hosts.index.keys()) mark(hostId, [AGENT, ...judged]);
      await settled();
    },
    settled,
    async close() {
      isClosed = true;
      for (const stop of unsubscribe) stop();
      if (working !== null) await working;
    },
  };
}

/** Judges one aspect of one host: a fact by name, or its agent. */
function createHostJudge(
  kernel: Pick<KernelServices, 'hosts' | 'facts' | 'findings'>,
  agentVersionMin: string,
): (hostId: HostId, aspect: string) => Promise<void> {
  const judgeOnce = createMemory(kernel.facts);
  return async (hostId, aspect) => {
    const host = kernel.hosts.index.get(hostId);
    if (host === undefined) return;
    if (aspect === AGENT) {
      const now = judgeAgentVersion(host.agentVersion, agentVersionMin);
      await kernel.findings.reconcile(agentOutdated.kind, hostId, now);
      return;
    }
    const digest = host.facts.get(aspect)?.digest;
    if (digest === undefined) return;
    for (const judge of FACT_JUDGES.filter(({ fact }) => fact === aspect)) {
      const now = await judgeOnce(judge, digest);
      if (now !== null) await kernel.findings.reconcile(judge.kind, hostId, now);
    }
  };
}
