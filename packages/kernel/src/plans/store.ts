/**
 * Where plans lie. A header once per plan; hosts and actions beside it as content named by digest, in pieces of
 * HOSTS_PER_PIECE: two plans for the same ten thousand hosts share their host lists, ten thousand hosts with one command
 * hold that command once. A plan read back is checked against its digest and root, so a damaged one is never offered.
 */
import {
  canonicalJson,
  type Digest,
  digestOfText,
  HostId,
  type Plan,
  PlanHeader,
  planDigest,
  StepAction,
  TargetRequest,
} from '@pilothouse/contract';
import type { Store, Transaction } from '@pilothouse/store';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { treeInSlices } from './fast-tree.ts';
import { isContentOf, type LoadedPlan, loadedPlan, type PlanContent, stepTexts } from './loaded-plan.ts';
import { packText, unpackText } from './packed-text.ts';

export interface PlansTables {
  plans_plan: { digest: string; header: string; created_at: number };
  plans_content: { digest: string; body: Uint8Array; size_bytes: number };
  plans_plan_content: { plan_digest: string; kind: string; position: number; content_digest: string };
  plans_offered: { digest: string; body: string };
  plans_host_offered: { host_id: string; digest: string };
}

const tables = (source: Store | Transaction): Kysely<PlansTables> => source.as<PlansTables>();

/** Small enough that one host more changes 40 kB, large enough that 100,000 hosts are 98 rows. */
const HOSTS_PER_PIECE = 1024;
/** No piece is larger: 16 actions of 256 KiB, escaped. */
const CONTENT_BYTES_MAX = 64 * 1024 * 1024;
const ROWS_PER_STATEMENT = 500;

const HostsPiece = z.object({ ids: z.array(HostId), names: z.array(z.string()) });
/** Absent where the waves follow from the strategy alone, as in every plan of older servers. */
const WaveOfPiece = z.array(z.number().int().min(0)).nullable();
const PermissionsPiece = z.array(z.string()).nullable();
const ListsPiece = z.array(z.array(StepAction));
/** A number: all hosts have this list. */
const ListOfPiece = z.union([z.number().int(), z.array(z.number().int())]);

interface Piece {
  readonly kind: string;
  readonly position: number;
  readonly digest: Digest;
  readonly text: string;
}

function piecesOf(content: PlanContent): Piece[] {
  const pieces: Piece[] = [];
  const add = (kind: string, position: number, value: unknown): void => {
    const text = canonicalJson(value);
    pieces.push({ kind, position, digest: digestOfText(text), text });
  };
  for (let at = 0; at < content.hosts.length; at += HOSTS_PER_PIECE) {
    const hosts = content.hosts.slice(at, at + HOSTS_PER_PIECE);
    add('hosts', at, { ids: hosts.map((host) => host.id), names: hosts.map((host) => host.name) });
  }
  add('actions', 0, content.actionLists);
  add('list-of', 0, content.actionLists.length === 1 ? 0 : content.listOf);
  if (content.waveOf !== null) add('wave-of', 0, content.waveOf);
  add('target', 0, content.target);
  add('permissions', 0, content.permissions);
  return pieces;
}

export async function insertPlan(transaction: Transaction, plan: Plan, content: PlanContent): Promise<void> {
  const db = tables(transaction);
  const known = await db
    .selectFrom('plans_plan')
    .select('digest')
    .where('digest', '=', plan.digest)
    .execute();
  if (known.length > 0) return;
  await db
    .insertInto('plans_plan')
    .values({
      digest: plan.digest,
      header: canonicalJson(plan.header),
      created_at: Date.parse(plan.header.createdAt),
    })
    .execute();
  const pieces = piecesOf(content);
  // Two pieces of one content are one row.
  const bodies = [...new Map(pieces.map((piece) => [piece.digest, piece])).values()];
  for (let at = 0; at < bodies.length; at += ROWS_PER_STATEMENT)
    await db
      .insertInto('plans_content')
      .values(
        bodies.slice(at, at + ROWS_PER_STATEMENT).map(({ digest, text }) => ({
          digest,
          body: packText(text),
          size_bytes: Buffer.byteLength(text),
        })),
      )
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  for (let at = 0; at < pieces.length; at += ROWS_PER_STATEMENT)
    await db
      .insertInto('plans_plan_content')
      .values(
        pieces.slice(at, at + ROWS_PER_STATEMENT).map(({ kind, position, digest }) => ({
          plan_digest: plan.digest,
          kind,
          position,
          content_digest: digest,
        })),
      )
      .execute();
}

export async function readPlan(source: Store | Transaction, digest: Digest): Promise<LoadedPlan | null> {
  const db = tables(source);
  const row = await db
    .selectFrom('plans_plan')
    .select('header')
    .where('digest', '=', digest)
    .executeTakeFirst();
  if (row === undefined) return null;
  const header = PlanHeader.parse(JSON.parse(row.header));
  const rows = await db
    .selectFrom('plans_plan_content')
    .innerJoin('plans_content', 'plans_content.digest', 'plans_plan_content.content_digest')
    .select(['kind', 'body'])
    .where('plan_digest', '=', digest)
    .orderBy('kind')
    .orderBy('position')
    .execute();
  const parts = (kind: string): unknown[] =>
    rows
      .filter((part) => part.kind === kind)
      .map((part) => JSON.parse(unpackText(part.body, CONTENT_BYTES_MAX)));
  const hosts = parts('hosts').flatMap((part) => {
    const { ids, names } = HostsPiece.parse(part);
    return ids.map((id, index) => ({ id, name: names[index] ?? id }));
  });
  const listOf = ListOfPiece.parse(parts('list-of')[0]);
  const content: PlanContent = {
    hosts,
    actionLists: ListsPiece.parse(parts('actions')[0]),
    listOf: typeof listOf === 'number' ? hosts.map(() => listOf) : listOf,
    waveOf: WaveOfPiece.parse(parts('wave-of')[0] ?? null),
    target: TargetRequest.parse(parts('target')[0]),
    permissions: PermissionsPiece.parse(parts('permissions')[0] ?? null),
  };
  const plan = { digest, header };
  const tree = await treeInSlices(stepTexts(content));
  if (planDigest(header) !== digest || !isContentOf(plan, content, tree))
    throw new Error(`plan ${digest} in the store is not what its digest names`);
  return loadedPlan(plan, content, tree);
}

/** Where a plan stands in the order of lists: by the time it was made, then by digest. */
export interface PlanPlace {
  readonly createdAt: number;
  readonly digest: Digest;
}

/** Headers alone, newest first, from behind a place on. */
export async function readHeaders(
  source: Store,
  before: PlanPlace | null,
  limit: number,
): Promise<{ plan: Plan; place: PlanPlace }[]> {
  let select = tables(source).selectFrom('plans_plan').select(['digest', 'header', 'created_at']);
  if (before !== null)
    select = select.where((where) =>
      where.or([
        where('created_at', '<', before.createdAt),
        where.and([where('created_at', '=', before.createdAt), where('digest', '<', before.digest)]),
      ]),
    );
  const rows = await select.orderBy('created_at', 'desc').orderBy('digest', 'desc').limit(limit).execute();
  return rows.map((row) => ({
    plan: { digest: row.digest, header: PlanHeader.parse(JSON.parse(row.header)) },
    // PostgreSQL gives 64-bit numbers as text.
    place: { createdAt: Number(row.created_at), digest: row.digest },
  }));
}

/** Drops plans made before `before` that `isUsed` does not name, then content that no plan names. */
export async function removePlans(
  transaction: Transaction,
  before: number,
  isUsed: (digests: readonly Digest[]) => Promise<ReadonlySet<Digest>>,
): Promise<number> {
  const db = tables(transaction);
  const old = await db
    .selectFrom('plans_plan')
    .select('digest')
    .where('created_at', '<', before)
    .orderBy('created_at')
    .limit(ROWS_PER_STATEMENT)
    .execute();
  const digests = old.map((row) => row.digest);
  const used = await isUsed(digests);
  const unused = digests.filter((digest) => !used.has(digest));
  if (unused.length === 0) return 0;
  await db.deleteFrom('plans_plan_content').where('plan_digest', 'in', unused).execute();
  await db.deleteFrom('plans_plan').where('digest', 'in', unused).execute();
  await db
    .deleteFrom('plans_content')
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('plans_plan_content')
            .select('plans_plan_content.plan_digest')
            .whereRef('plans_plan_content.content_digest', '=', 'plans_content.digest'),
        ),
      ),
    )
    .execute();
  return unused.length;
}

export interface OfferedRow {
  readonly hostId: HostId;
  readonly digest: Digest;
}

export async function readOffered(
  source: Store,
): Promise<{ bodies: Map<Digest, unknown>; hosts: OfferedRow[] }> {
  const db = tables(source);
  const bodies = await db.selectFrom('plans_offered').selectAll().execute();
  const hosts = await db.selectFrom('plans_host_offered').selectAll().execute();
  return {
    bodies: new Map(bodies.map((row) => [row.digest, JSON.parse(row.body)])),
    hosts: hosts.map((row) => ({ hostId: row.host_id, digest: row.digest })),
  };
}

export async function writeOffered(
  transaction: Transaction,
  bodies: ReadonlyMap<Digest, string>,
  hosts: readonly OfferedRow[],
): Promise<void> {
  const db = tables(transaction);
  for (const [digest, body] of bodies)
    await db
      .insertInto('plans_offered')
      .values({ digest, body })
      .onConflict((conflict) => conflict.column('digest').doNothing())
      .execute();
  for (let at = 0; at < hosts.length; at += ROWS_PER_STATEMENT) {
    const rows = hosts.slice(at, at + ROWS_PER_STATEMENT);
    await db
      .insertInto('plans_host_offered')
      .values(rows.map((row) => ({ host_id: row.hostId, digest: row.digest })))
      .onConflict((conflict) =>
        conflict.column('host_id').doUpdateSet((set) => ({ digest: set.ref('excluded.digest') })),
      )
      .execute();
  }
}
