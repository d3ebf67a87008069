import { compareText } from '@pilothouse/base';
import {
  AppError,
  type JsonObject,
  type Occurrence,
  SCHEDULES_MAX,
  type Schedule,
  type ScheduleTerms,
  schedulesPermissions,
  schedulesRoutes,
} from '@pilothouse/contract';
import type { Principal } from '../access/service.ts';
import { checkRecurrence } from '../calendar/index.ts';
import { requireEtag } from '../hosts/index.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import { cutPage, heldCount, heldText, readCursor } from '../page-cursor.ts';
import { APPROVE_PERMISSION, coverageOf } from './approver-rights.ts';
import type { SchedulesParts } from './create-schedules.ts';
import { termsDigestOf, viewOccurrence, viewSchedule } from './schedule-book.ts';
import {
  deleteSchedule,
  insertOccurrences,
  readOccurrences,
  type ScheduleRecord,
  writeSchedule,
} from './schedules-store.ts';

export const schedulesEndpoints = (parts: SchedulesParts): Endpoint[] => [
  ...readEndpoints(parts),
  ...editEndpoints(parts),
  ...actEndpoints(parts),
];

type Named = HttpRequest<{ name: string }>;

/** Their own, and those that are about hosts they see. */
async function isVisible(
  parts: SchedulesParts,
  principal: Principal,
  record: ScheduleRecord,
): Promise<boolean> {
  const scope = principal.scope(schedulesPermissions.schedulesRead.name);
  if (scope.isAll || principal.person?.id === record.owner.userId) return true;
  try {
    const { hosts } = await parts.resolver.resolve(record.terms.template.target);
    return hosts.some((host) => scope.includes(host));
  } catch (error) {
    // A group or a fact is gone: who does not see all hosts cannot be told whose they were.
    if (error instanceof AppError) return false;
    throw error;
  }
}

async function seen(parts: SchedulesParts, principal: Principal, name: string): Promise<ScheduleRecord> {
  const record = parts.book.records.get(name);
  if (record === undefined || !(await isVisible(parts, principal, record)))
    throw new AppError('NOT_FOUND', { what: 'schedule', id: name });
  return record;
}

async function view(parts: SchedulesParts, record: ScheduleRecord): Promise<Schedule> {
  const { context, book } = parts;
  const [last = null] = await readOccurrences(context.store, record.name, { before: null, limit: 1 });
  return viewSchedule(book, record, { now: context.clock.now(), last });
}

function readEndpoints(parts: SchedulesParts): Endpoint[] {
  const { book, context } = parts;
  return [
    endpoint(schedulesRoutes.list, async ({ principal, query }) => {
      const after = readCursor(query.cursor, heldText) ?? '';
      const visible: ScheduleRecord[] = [];
      for (const record of book.records.values())
        if (compareText(record.name, after) > 0 && (await isVisible(parts, principal, record)))
          visible.push(record);
      visible.sort((a, b) => compareText(a.name, b.name));
      const page = cutPage(visible, query.limit, ({ name }) => name);
      return { ...page, items: await Promise.all(page.items.map((record) => view(parts, record))) };
    }),
    endpoint(schedulesRoutes.get, async ({ principal, params }) =>
      view(parts, await seen(parts, principal, params.name)),
    ),
    endpoint(schedulesRoutes.history, async ({ principal, params, query }) => {
      await seen(parts, principal, params.name);
      const before = readCursor(query.cursor, heldCount);
      const rows = await readOccurrences(context.store, params.name, { before, limit: query.limit + 1 });
      const page = cutPage(rows, query.limit, ({ dueAt }) => String(dueAt));
      return { ...page, items: page.items.map(viewOccurrence) };
    }),
  ];
}

/** What is another's is touched only by whoever may manage all of them. */
async function own(parts: SchedulesParts, principal: Principal, name: string): Promise<ScheduleRecord> {
  const record = await seen(parts, principal, name);
  const isOwn = principal.person?.id === record.owner.userId;
  if (!isOwn && !principal.has(schedulesPermissions.schedulesManage.name))
    throw new AppError('SCHEDULE_OF_ANOTHER', { name, owner: record.owner.userName });
  return record;
}

interface Edit {
  readonly action: string;
  readonly details: JsonObject;
  /** Given the record as it is within the transaction; null: it is to go. */
  readonly change: (before: ScheduleRecord | undefined) => ScheduleRecord | null;
}

async function edit(parts: SchedulesParts, request: Named, { action, details, change }: Edit): Promise<void> {
  const { context, book, audit, events } = parts;
  const { name } = request.params;
  await context.store.transaction(async (transaction) => {
    const after = change(book.records.get(name));
    if (after === null) await deleteSchedule(transaction, name);
    else await writeSchedule(transaction, after);
    const { actor } = request.principal;
    const { requestId } = request;
    await audit.append(transaction, [
      { actor, action: `schedule.${action}`, subject: name, details, requestId },
    ]);
    await events.publish(transaction, [
      { type: `schedules.${action}`, hostId: null, data: { name, ...details } },
    ]);
    transaction.afterCommit(() => (after === null ? book.drop(name) : book.put(after)));
  });
}

const still = (record: ScheduleRecord | undefined, name: string): ScheduleRecord => {
  if (record === undefined) throw new AppError('NOT_FOUND', { what: 'schedule', id: name });
  return record;
};

function editEndpoints(parts: SchedulesParts): Endpoint[] {
  return [
    endpoint(schedulesRoutes.put, async (request) => {
      await putSchedule(parts, request, request.body);
      return view(parts, still(parts.book.records.get(request.params.name), request.params.name));
    }),
    endpoint(schedulesRoutes.remove, async (request) => {
      const { name } = request.params;
      await own(parts, request.principal, name);
      await edit(parts, request, {
        action: 'removed',
        details: {},
        change(before) {
          requireEtag(request.ifMatch, String(still(before, name).version), { what: 'schedule', id: name });
          return null;
        },
      });
      return undefined;
    }),
    endpoint(schedulesRoutes.pause, (request) => setPaused(parts, request, true)),
    endpoint(schedulesRoutes.resume, (request) => setPaused(parts, request, false)),
  ];
}

async function putSchedule(parts: SchedulesParts, request: Named, terms: ScheduleTerms): Promise<void> {
  const { book, context, delegates } = parts;
  const { principal, params, ifMatch } = request;
  const { name } = params;
  const owner = delegates.delegateOf(principal);
  if (owner === null) throw new AppError('SCHEDULE_NO_PERSON');
  if (book.records.has(name)) await own(parts, principal, name);
  if (terms.mandateId !== null) await parts.authority.requireMandate(principal, terms.mandateId);
  await checkTerms(parts, principal, { name, terms });
  const recurrence = checkRecurrence(terms.recurrence, context.clock.now());
  const details = { title: terms.template.title, rrule: terms.recurrence.rrule, hostsMax: terms.hostsMax };
  await edit(parts, request, {
    action: 'changed',
    details,
    change(before) {
      if (before !== undefined && ifMatch === null) throw new AppError('SCHEDULE_EXISTS', { name });
      if (before === undefined && book.records.size >= SCHEDULES_MAX)
        throw new AppError('SCHEDULES_TOO_MANY', { max: SCHEDULES_MAX });
      requireEtag(ifMatch, before === undefined ? '' : String(before.version), {
        what: 'schedule',
        id: name,
      });
      const now = context.clock.now();
      return {
        name,
        terms,
        owner: { ...owner, roles: owner.roles === null ? null : [...owner.roles] },
        isPaused: before?.isPaused ?? false,
        // Those of other terms count for nothing, and those of a new owner were given to another.
        approvals: before?.owner.userId === owner.userId ? before.approvals : [],
        nextAt: recurrence.firstAfter(now),
        changedAt: now,
        version: (before?.version ?? 0) + 1,
      };
    },
  });
}

/** The plan that it would make now, made and thrown away: what is wrong with it is said before the first night. */
async function checkTerms(
  { plans }: SchedulesParts,
  principal: Principal,
  { name, terms }: { readonly name: string; readonly terms: ScheduleTerms },
): Promise<void> {
  const { template, hostsMax } = terms;
  const actions = template.actions.map(({ when, ...action }) =>
    when === undefined ? action : { ...action, when },
  );
  const { made } = await plans.sketch(principal, { ...template, actions, defaults: 'plan' });
  if (made.hostsCount > hostsMax)
    throw new AppError('SCHEDULE_HOSTS_OVER_CAP', { name, hosts: made.hostsCount, hostsMax });
}

async function setPaused(parts: SchedulesParts, request: Named, isPaused: boolean): Promise<Schedule> {
  const { book, context } = parts;
  const { name } = request.params;
  await own(parts, request.principal, name);
  await edit(parts, request, {
    action: isPaused ? 'paused' : 'resumed',
    details: {},
    change(now) {
      const before = still(now, name);
      requireEtag(request.ifMatch, String(before.version), { what: 'schedule', id: name });
      if (before.isPaused === isPaused) return before;
      const nextAt = book.recurrenceOf(before).firstAfter(context.clock.now());
      return { ...before, isPaused, nextAt, version: before.version + 1 };
    },
  });
  return view(parts, still(book.records.get(name), name));
}

function actEndpoints(parts: SchedulesParts): Endpoint[] {
  const { book } = parts;
  return [
    endpoint(schedulesRoutes.approve, async (request) => {
      const { name } = request.params;
      const record = await seen(parts, request.principal, name);
      await requireApprover(parts, request.principal, record);
      const person = request.principal.person;
      if (person === undefined) throw new AppError('SCHEDULE_NO_PERSON');
      if (person.id === record.owner.userId) throw new AppError('SCHEDULE_APPROVAL_BY_OWNER');
      const { termsDigest } = request.body;
      await edit(parts, request, {
        action: 'approved',
        details: { termsDigest },
        change(now) {
          const before = still(now, name);
          if (termsDigestOf(before) !== termsDigest) throw new AppError('SCHEDULE_TERMS_CHANGED', { name });
          const others = before.approvals.filter(({ personId }) => personId !== person.id);
          return {
            ...before,
            approvals: [...others, { personId: person.id, name: person.name, termsDigest }],
          };
        },
      });
      return view(parts, still(book.records.get(name), name));
    }),
    endpoint(schedulesRoutes.runNow, (request) => runNow(parts, request)),
  ];
}

/** Whoever approves needs the right to on every host that it means now, for what it would do there. */
async function requireApprover(
  parts: SchedulesParts,
  principal: Principal,
  record: ScheduleRecord,
): Promise<void> {
  const isCovered = await coverageOf(parts, record);
  if (!isCovered(principal)) throw new AppError('FORBIDDEN', { permission: APPROVE_PERMISSION });
}

async function runNow(parts: SchedulesParts, request: Named): Promise<Occurrence> {
  const { context } = parts;
  const { name } = request.params;
  await own(parts, request.principal, name);
  const now = context.clock.now();
  const askedBy = request.principal.actor.name;
  await context.store.transaction(async (transaction) => {
    await insertOccurrences(transaction, [
      {
        schedule: name,
        dueAt: now,
        state: 'due',
        cause: null,
        askedBy,
        planDigest: null,
        rolloutId: null,
        at: now,
      },
    ]);
    const { actor } = request.principal;
    const { requestId } = request;
    await parts.audit.append(transaction, [
      { actor, action: 'schedule.run-asked', subject: name, details: {}, requestId },
    ]);
  });
  await parts.carryOutOpen();
  const [occurrence] = await readOccurrences(context.store, name, { before: now + 1, limit: 1 });
  if (occurrence === undefined) throw new AppError('NOT_FOUND', { what: 'schedule', id: name });
  return viewOccurrence(occurrence);
}
