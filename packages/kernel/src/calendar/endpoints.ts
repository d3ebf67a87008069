import { compareText, DAY_MS } from '@pilothouse/base';
import {
  AppError,
  CALENDAR_RULES_MAX,
  calendarPermissions,
  type Freeze,
  type FreezeSpan,
  freezesRoutes,
  type JsonObject,
  toTimestamp,
  type Window,
  windowsRoutes,
} from '@pilothouse/contract';
import type { Transaction } from '@pilothouse/store';
import { requireEtag } from '../hosts/index.ts';
import { type Endpoint, endpoint, type HttpRequest } from '../http/service.ts';
import type { KernelContext } from '../kernel-context.ts';
import { cutPage, heldText, readCursor } from '../page-cursor.ts';
import { type CalendarRecord, deleteRule, writeRule } from './calendar-store.ts';
import type { CalendarDeps } from './create-calendar.ts';
import { previewOf } from './preview.ts';
import { checkWindow } from './recurrence.ts';
import type { RuleBook } from './rule-book.ts';
import { meaningOf } from './rule-meaning.ts';

export interface CalendarEndpointsDeps {
  readonly context: KernelContext;
  readonly deps: CalendarDeps;
  readonly rules: RuleBook;
  /** Loads what a selector reads. */
  readonly warm: (selector: string) => Promise<void>;
  readonly changed: () => void;
}

export const calendarEndpoints = (parts: CalendarEndpointsDeps): Endpoint[] => [
  ...windowEndpoints(parts),
  ...freezeEndpoints(parts),
];

type Kind = CalendarRecord['kind'];

function windowEndpoints(parts: CalendarEndpointsDeps): Endpoint[] {
  const { rules, context, deps } = parts;
  return [
    endpoint(windowsRoutes.list, async ({ query }) => pageOfRules(rules.windows, query)),
    endpoint(windowsRoutes.get, async ({ principal, params }) => {
      const window = known(rules.windows, 'window', params.name);
      return { ...window, ...(await meaningOf(parts, { kind: 'window', record: window }, principal)) };
    }),
    endpoint(windowsRoutes.put, async (request) => {
      const { params, body } = request;
      await checkRule(parts, body.selector, body);
      await put(parts, request, (stamp) => ({
        kind: 'window',
        record: { ...body, name: params.name, ...stamp },
      }));
      return known(rules.windows, 'window', params.name);
    }),
    endpoint(windowsRoutes.remove, async (request) => {
      await remove(parts, request, 'window');
      return undefined;
    }),
    endpoint(windowsRoutes.preview, async ({ principal, query }) => {
      const { matched } = await deps.select.run(query.selector);
      const scope = principal.scope(calendarPermissions.calendarRead.name);
      const hosts = matched.filter((host) => scope.isAll || scope.includes(host));
      const from = query.from === undefined ? context.clock.now() : Date.parse(query.from);
      return previewOf(rules, hosts, { from, to: from + query.days * DAY_MS });
    }),
  ];
}

function freezeEndpoints(parts: CalendarEndpointsDeps): Endpoint[] {
  const { rules } = parts;
  return [
    endpoint(freezesRoutes.list, async ({ query }) => pageOfRules(rules.freezes, query)),
    endpoint(freezesRoutes.get, async ({ principal, params }) => {
      const freeze = known(rules.freezes, 'freeze', params.name);
      return { ...freeze, ...(await meaningOf(parts, { kind: 'freeze', record: freeze }, principal)) };
    }),
    endpoint(freezesRoutes.put, async (request) => {
      const { params, body } = request;
      await checkRule(parts, body.selector, body.span);
      await put(parts, request, (stamp) => ({
        kind: 'freeze',
        record: { ...body, name: params.name, ...stamp },
      }));
      return known(rules.freezes, 'freeze', params.name);
    }),
    endpoint(freezesRoutes.remove, async (request) => {
      await remove(parts, request, 'freeze');
      return undefined;
    }),
  ];
}

function pageOfRules<Rule extends { name: string }>(
  all: ReadonlyMap<string, Rule>,
  query: { cursor?: string | undefined; limit: number },
) {
  const after = readCursor(query.cursor, heldText) ?? '';
  const rest = [...all.values()]
    .sort((a, b) => compareText(a.name, b.name))
    .filter(({ name }) => compareText(name, after) > 0);
  return cutPage(rest, query.limit, ({ name }) => name);
}

function known<Rule>(all: ReadonlyMap<string, Rule>, kind: Kind, name: string): Rule {
  const rule = all.get(name);
  if (rule === undefined) throw new AppError('NOT_FOUND', { what: kind, id: name });
  return rule;
}

async function checkRule(
  { context, deps, warm }: CalendarEndpointsDeps,
  selector: string | null,
  span: FreezeSpan,
): Promise<void> {
  if (selector !== null) {
    // Refuses what does not compile, with its column.
    deps.select.compile(selector);
    await warm(selector);
  }
  if ('rrule' in span) checkWindow(span, context.clock.now());
  else if (Date.parse(span.to) <= Date.parse(span.from))
    throw new AppError('FREEZE_ENDS_BEFORE_IT_BEGINS', span);
}

type Stamp = Pick<Window & Freeze, 'changedBy' | 'changedAt' | 'madeBy' | 'madeAt' | 'etag'>;
type PutRequest = HttpRequest<{ name: string }>;

async function put(
  parts: CalendarEndpointsDeps,
  request: PutRequest,
  recordWith: (stamp: Stamp) => CalendarRecord,
): Promise<void> {
  const { rules, context } = parts;
  const { principal, params, ifMatch } = request;
  const changed = { changedBy: principal.actor.name, changedAt: toTimestamp(context.clock.now()) };
  const { kind } = recordWith({ ...changed, etag: '' });
  await edit(parts, request, `${kind}.changed`, async (transaction) => {
    const before = (kind === 'window' ? rules.windows : rules.freezes).get(params.name);
    if (before !== undefined && ifMatch === null) throw new AppError('WINDOW_EXISTS', params);
    if (before === undefined && rules.windows.size + rules.freezes.size >= CALENDAR_RULES_MAX)
      throw new AppError('WINDOWS_TOO_MANY', { max: CALENDAR_RULES_MAX });
    requireEtag(ifMatch, before?.etag ?? '', { what: kind, id: params.name });
    const { madeBy, madeAt } =
      before ?? ({ madeBy: changed.changedBy, madeAt: changed.changedAt } satisfies Partial<Stamp>);
    const record = recordWith({
      ...changed,
      ...(madeBy === undefined ? {} : { madeBy }),
      ...(madeAt === undefined ? {} : { madeAt }),
      etag: String(Number(before?.etag ?? 0) + 1),
    });
    await writeRule(transaction, record);
    transaction.afterCommit(() => rules.put(record));
    const { name: _name, etag: _etag, madeBy: _by, madeAt: _at, ...details } = record.record;
    return details;
  });
}

async function remove(parts: CalendarEndpointsDeps, request: PutRequest, kind: Kind): Promise<void> {
  const { rules } = parts;
  const { name } = request.params;
  await edit(parts, request, `${kind}.removed`, async (transaction) => {
    const { etag } = known<Window | Freeze>(kind === 'window' ? rules.windows : rules.freezes, kind, name);
    requireEtag(request.ifMatch, etag, { what: kind, id: name });
    await deleteRule(transaction, { kind, name });
    transaction.afterCommit(() => rules.drop(kind, name));
    return {};
  });
}

/** `write` gives what the audit says of it. */
async function edit(
  { context, deps, changed }: CalendarEndpointsDeps,
  { principal, requestId, params }: PutRequest,
  action: string,
  write: (transaction: Transaction) => Promise<JsonObject>,
): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const details = await write(transaction);
    await deps.audit.append(transaction, [
      { actor: principal.actor, action, subject: params.name, details, requestId },
    ]);
    await deps.events.publish(transaction, [
      { type: `calendar.${action.replace('.', '-')}`, hostId: null, data: { name: params.name, ...details } },
    ]);
    transaction.afterCommit(changed);
  });
}
