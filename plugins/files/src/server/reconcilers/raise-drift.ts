import { MINUTE_MS } from '@pilothouse/base';
import type { HostId } from '@pilothouse/contract';
import type { KernelServices, Log, Reconciler } from '@pilothouse/kernel';
import { fileDrifted, managedFilesFact } from '../../contract.ts';

export interface DriftRaiser extends Reconciler {
  close(): Promise<void>;
}

/**
 * Keeps the findings of drift true: when a host's list changes, and every ten minutes for all hosts, so that nothing
 * depends on having seen each change. A host that says nothing keeps its findings: not knowing is no proof of health.
 */
export function createDriftRaiser(
  kernel: Pick<KernelServices, 'hosts' | 'facts' | 'findings'>,
  log: Log,
): DriftRaiser {
  /** A set, so it is never larger than the fleet. */
  const marked = new Set<HostId>();
  let working: Promise<void> | null = null;
  let isClosed = false;

  const judge = async (hostId: HostId): Promise<void> => {
    const digest = kernel.hosts.index.get(hostId)?.facts.get(managedFilesFact.name)?.digest;
    const body = digest === undefined ? null : await kernel.facts.body(digest);
    const parsed = managedFilesFact.body.safeParse(body);
    if (!parsed.success) return;
    const drifted = parsed.data.files.filter(({ drift }) => drift !== 'none');
    await kernel.findings.reconcile(
      fileDrifted.kind,
      hostId,
      // A key is at most 256 characters; the end of a path tells more than its start.
      drifted.map(({ path, drift }) => ({ key: path.slice(-256), evidence: { path, drift } })),
    );
  };

  const work = async (): Promise<void> => {
    for (const hostId of marked) {
      if (isClosed) return;
      marked.delete(hostId);
      try {
        await judge(hostId);
      } catch (cause) {
        // The next full pass repeats it; one host must not keep the others from being judged.
        log.warn('judging managed files failed', { hostId, cause: String(cause) });
      }
    }
  };
  const settle = async (): Promise<void> => {
    while (marked.size > 0 && !isClosed) {
      working ??= work().finally(() => {
        working = null;
      });
      await working;
    }
  };
  const unsubscribe = kernel.facts.onChange((changes) => {
    for (const { fact, hostId } of changes) if (fact === managedFilesFact.name) marked.add(hostId);
    // It cannot reject: `work` logs what fails.
    void settle();
  });

  return {
    name: 'files.raise-drift',
    intervalMs: 10 * MINUTE_MS,
    async run() {
      for (const hostId of kernel.hosts.index.keys()) marked.add(hostId);
      await settle();
    },
    async close() {
      isClosed = true;
      unsubscribe();
      if (working !== null) await working;
    },
  };
}
