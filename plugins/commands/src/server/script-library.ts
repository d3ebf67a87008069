/**
 * The script library: names, versions, review. A script has at most one draft, always its newest version; publishing makes
 * a version immutable and the one that runs. Does not run anything.
 */
import { type Actor, AppError, digestOfText, type JsonObject, type Page } from '@pilothouse/contract';
import {
  type AuditService,
  cutPage,
  type EventsService,
  heldText,
  type KernelContext,
  readCursor,
} from '@pilothouse/kernel';
import type { Transaction } from '@pilothouse/store';
import type { Script, ScriptContent, ScriptVersion } from '../contract/script.ts';
import { checkDeclarations } from '../domain/bind-parameters.ts';
import { scriptOf, versionOf } from './script-records.ts';
import {
  deleteScript,
  insertScript,
  insertVersion,
  type ScriptRow,
  scriptByName,
  scriptsAfter,
  updateDraft,
  updateScript,
  type VersionRow,
  versionBy,
  versionsOf,
} from './store.ts';

export interface LibraryDeps {
  readonly context: KernelContext;
  readonly audit: AuditService;
  readonly events: EventsService;
}

/** Who asks, for the audit. */
export interface By {
  readonly actor: Actor;
  readonly requestId: string;
}

export interface VersionKey {
  readonly name: string;
  readonly version: number;
}

export async function listScripts(
  deps: LibraryDeps,
  query: {
    readonly cursor?: string | undefined;
    readonly limit: number;
    readonly search?: string | undefined;
  },
): Promise<Page<Script>> {
  const after = readCursor(query.cursor, heldText) ?? '';
  const search = query.search ?? '';
  const rows = await scriptsAfter(deps.context.store, { after, search, limit: query.limit + 1 });
  const page = cutPage(rows, query.limit, ({ name }) => name);
  return { ...page, items: page.items.map((row) => scriptOf(row, row.content)) };
}

export async function readScript(
  deps: LibraryDeps,
  name: string,
): Promise<Script & { versions: ScriptVersion[] }> {
  const row = await scriptByName(deps.context.store, name);
  const versions = await versionsOf(deps.context.store, name);
  const latest = versions[0];
  if (row === undefined || latest === undefined) throw noScript(name);
  return { ...scriptOf(row, latest.content), versions: versions.map(versionOf) };
}

/** The version asked for, or the published one. */
export async function readVersion(
  deps: LibraryDeps,
  name: string,
  version: number | undefined,
): Promise<ScriptVersion> {
  const script = await scriptByName(deps.context.store, name);
  if (script === undefined) throw noScript(name);
  const wanted = version ?? script.published_version;
  if (wanted === null) throw new AppError('COMMANDS_NOT_PUBLISHED', { name });
  const row = await versionBy(deps.context.store, { name, version: wanted });
  if (row === undefined) throw noVersion({ name, version: wanted });
  return versionOf(row);
}

export async function createScript(
  deps: LibraryDeps,
  options: { readonly name: string; readonly content: ScriptContent; readonly by: By },
): Promise<ScriptVersion> {
  const { name, content, by } = options;
  checkDeclarations(content.parameters);
  return deps.context.store.transaction(async (transaction) => {
    if ((await scriptByName(transaction, name)) !== undefined) {
      throw new AppError('COMMANDS_SCRIPT_EXISTS', { name });
    }
    const now = deps.context.clock.now();
    const script = { name, created_at: now, updated_at: now, latest_version: 1, published_version: null };
    await insertScript(transaction, script);
    return addDraft(deps, transaction, { script, version: 1, content, by });
  });
}

export async function addVersion(
  deps: LibraryDeps,
  options: { readonly name: string; readonly content: ScriptContent; readonly by: By },
): Promise<ScriptVersion> {
  const { name, content, by } = options;
  checkDeclarations(content.parameters);
  return deps.context.store.transaction(async (transaction) => {
    const script = await scriptByName(transaction, name);
    if (script === undefined) throw noScript(name);
    const latest = await versionBy(transaction, { name, version: script.latest_version });
    if (latest?.state === 'draft') {
      throw new AppError('COMMANDS_DRAFT_EXISTS', { name, version: latest.version });
    }
    return addDraft(deps, transaction, { script, version: script.latest_version + 1, content, by });
  });
}

async function addDraft(
  deps: LibraryDeps,
  transaction: Transaction,
  draft: { script: ScriptRow; version: number; content: ScriptContent; by: By },
): Promise<ScriptVersion> {
  const { script, version, content, by } = draft;
  const now = deps.context.clock.now();
  const row: VersionRow = {
    script_name: script.name,
    version,
    state: 'draft',
    content: JSON.stringify(content),
    text_digest: digestOfText(content.text),
    created_by: by.actor.name,
    created_at: now,
    published_by: null,
    published_at: null,
    revision: 1,
  };
  await insertVersion(transaction, row);
  await updateScript(transaction, script.name, { latest_version: version, updated_at: now });
  await tell(deps, transaction, { did: 'draft-saved', row, by });
  return versionOf(row);
}

export async function editDraft(
  deps: LibraryDeps,
  options: VersionKey & { readonly content: ScriptContent; readonly ifMatch: string | null; readonly by: By },
): Promise<ScriptVersion> {
  checkDeclarations(options.content.parameters);
  return deps.context.store.transaction(async (transaction) => {
    const row = await draftFor(transaction, options);
    const change = {
      content: JSON.stringify(options.content),
      text_digest: digestOfText(options.content.text),
    };
    await updateDraft(transaction, row, change);
    await updateScript(transaction, row.script_name, { updated_at: deps.context.clock.now() });
    const next = { ...row, ...change, revision: row.revision + 1 };
    await tell(deps, transaction, { did: 'draft-saved', row: next, by: options.by });
    return versionOf(next);
  });
}

/** If-Match makes sure that what is published is what the reviewer has read. */
export async function publishDraft(
  deps: LibraryDeps,
  options: VersionKey & { readonly ifMatch: string | null; readonly by: By },
): Promise<ScriptVersion> {
  return deps.context.store.transaction(async (transaction) => {
    const row = await draftFor(transaction, options);
    const now = deps.context.clock.now();
    const change = { state: 'published' as const, published_by: options.by.actor.name, published_at: now };
    await updateDraft(transaction, row, change);
    await updateScript(transaction, row.script_name, { published_version: row.version, updated_at: now });
    const next = { ...row, ...change, revision: row.revision + 1 };
    await tell(deps, transaction, { did: 'published', row: next, by: options.by });
    return versionOf(next);
  });
}

/** Rollouts keep the text that they ran in their plans, so nothing of history goes with the script. */
export async function removeScript(deps: LibraryDeps, name: string, by: By): Promise<void> {
  await deps.context.store.transaction(async (transaction) => {
    const script = await scriptByName(transaction, name);
    if (script === undefined) throw noScript(name);
    const row = await versionBy(transaction, { name, version: script.latest_version });
    if (row === undefined) throw noScript(name);
    await deleteScript(transaction, name);
    await tell(deps, transaction, { did: 'removed', row, by });
  });
}

async function draftFor(
  transaction: Transaction,
  key: VersionKey & { readonly ifMatch: string | null },
): Promise<VersionRow> {
  const row = await versionBy(transaction, key);
  if (row === undefined) throw noVersion(key);
  if (row.state === 'published') {
    throw new AppError('COMMANDS_VERSION_PUBLISHED', { name: key.name, version: key.version });
  }
  if (key.ifMatch !== null && key.ifMatch !== '*' && key.ifMatch !== String(row.revision)) {
    throw new AppError('EDIT_CONFLICT', { what: 'script', id: key.name });
  }
  return row;
}

async function tell(
  deps: LibraryDeps,
  transaction: Transaction,
  what: { did: 'draft-saved' | 'published' | 'removed'; row: VersionRow; by: By },
): Promise<void> {
  const { row, by } = what;
  const details: JsonObject = { script: row.script_name, version: row.version, textDigest: row.text_digest };
  const { actor, requestId } = by;
  await deps.audit.append(transaction, [
    { actor, requestId, action: `script.${what.did}`, subject: row.script_name, details },
  ]);
  await deps.events.publish(transaction, [{ type: `commands.${what.did}`, hostId: null, data: details }]);
}

const noScript = (name: string): AppError => new AppError('NOT_FOUND', { what: 'script', id: name });
const noVersion = (key: VersionKey): AppError =>
  new AppError('NOT_FOUND', { what: 'script version', id: `${key.name} ${key.version}` });
