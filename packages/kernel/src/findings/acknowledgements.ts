import { DAY_MS } from '@pilothouse/base';
import { AppError, type Finding, type JsonObject, toTimestamp } from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import type { FindingsParts } from './create-findings.ts';
import { acknowledge, reopen } from './life-cycle.ts';
import type { FindingEdit, FindingsBook } from './service.ts';
import { findingById } from './store.ts';

/** Longer than this nobody remembers the reason: it is looked at once a year. */
const ACKNOWLEDGED_DAYS_MAX = 366;

/** What people say of findings. Each is an audit record: an acknowledged finding is one that nobody is shown. */
export function acknowledgements(parts: FindingsParts): Pick<FindingsBook, 'acknowledge' | 'unacknowledge'> {
  const { store, clock } = parts.context;
  return {
    acknowledge: (edit, { reason, until }) =>
      store.transaction(async (transaction) => {
        const before = await findingFor(transaction, edit);
        const nowMs = clock.now();
        if (until <= nowMs || until > nowMs + ACKNOWLEDGED_DAYS_MAX * DAY_MS) {
          const details = { until: toTimestamp(until), daysMax: ACKNOWLEDGED_DAYS_MAX };
          throw new AppError('FINDING_UNTIL_INVALID', details);
        }
        const said = { by: edit.by.name, at: toTimestamp(nowMs), reason, until: toTimestamp(until) };
        const after = acknowledge(before, said);
        if (after === null) throw new AppError('FINDING_RESOLVED', { id: edit.id });
        await record(parts, { transaction, edit, finding: before, details: { reason, until: said.until } });
        return parts.save(transaction, before, after);
      }),
    unacknowledge: (edit) =>
      store.transaction(async (transaction) => {
        const before = await findingFor(transaction, edit);
        const after = reopen(before);
        if (after === null) throw new AppError('FINDING_NOT_ACKNOWLEDGED', { id: edit.id });
        await record(parts, { transaction, edit, finding: before, details: null });
        return parts.save(transaction, before, after);
      }),
  };
}

async function findingFor(transaction: Transaction, { id, ifMatch }: FindingEdit): Promise<Finding> {
  const finding = await findingById(transaction, id);
  if (finding === null) throw new AppError('NOT_FOUND', { what: 'finding', id });
  if (ifMatch !== null && ifMatch !== '*' && ifMatch !== finding.etag) {
    throw new AppError('EDIT_CONFLICT', { what: 'finding', id });
  }
  return finding;
}

async function record(
  { audit }: FindingsParts,
  about: { transaction: Transaction; edit: FindingEdit; finding: Finding; details: JsonObject | null },
): Promise<void> {
  const { transaction, edit, finding, details } = about;
  const { kind, hostId, key } = finding;
  await audit.append(transaction, [
    {
      actor: edit.by,
      action: details === null ? 'finding.unacknowledged' : 'finding.acknowledged',
      subject: finding.id,
      details: { kind, hostId, key, ...details },
      requestId: edit.requestId,
    },
  ]);
}
