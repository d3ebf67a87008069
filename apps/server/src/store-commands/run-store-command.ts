/**
 * `pilothouse-server store …`: what is done to the store beside the server or while it is down. Each refuses before it
 * touches anything, and says what it did in one line, or as JSON.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nearestName } from '@pilothouse/base';
import { AppError, type Language, lineProblem, type Message, renderMessage } from '@pilothouse/contract';
import { kernelMigrations } from '@pilothouse/kernel';
import {
  backUpStore,
  beginEpoch,
  type CopyContext,
  lockDataDirectory,
  moveStore,
  openStore,
  openStoreReader,
  pendingMigrations,
  placeOf,
  restoreStore,
  type StoreLocation,
} from '@pilothouse/store';
import { beside } from '../give-to-owner.ts';
import { plugins } from '../plugins.ts';
import { readStoreLocation } from '../store-location.ts';
import { readVersion } from '../version.ts';
import { readKeyFiles, writeKeyFiles } from './key-files.ts';
import { storeTexts } from './store-texts.ts';

const OPTIONS = {
  data: { type: 'string' },
  store: { type: 'string' },
  from: { type: 'string' },
  to: { type: 'string' },
  replace: { type: 'boolean' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

interface Wish {
  readonly data: string;
  readonly store: StoreLocation;
  readonly from: string;
  readonly to: string;
  readonly isReplacing: boolean;
  readonly isDryRun: boolean;
}

/** What was done: for people, and as data. */
interface Done {
  readonly say: Message;
  readonly facts: Readonly<Record<string, unknown>>;
}

interface Verb {
  readonly needs: readonly ('from' | 'to')[];
  readonly run: (wish: Wish) => Promise<Done>;
}

const verbs: Readonly<Record<string, Verb>> = {
  backup: { needs: ['to'], run: backUp },
  restore: { needs: ['from'], run: restore },
  migrate: { needs: ['from', 'to'], run: move },
  upgrade: { needs: [], run: upgrade },
  'new-epoch': { needs: ['from'], run: newEpoch },
};

const context: CopyContext = { program: readVersion(), now: () => new Date().toISOString() };

/** Arguments after `store`; gives what to print. AppError CONFIG_INVALID, STORE_UNSUPPORTED, and those of the store. */
export async function runStoreCommand(args: readonly string[], language: Language): Promise<string> {
  const [name = '', ...rest] = args;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) {
    const nearest = nearestName(name, Object.keys(verbs)) ?? Object.keys(verbs).join(', ');
    throw new AppError('CONFIG_UNKNOWN', { where: `store ${name}`.trim(), nearest });
  }
  const { wish, isJson } = readWish(name, verb, rest);
  const { say, facts } = await beside(wish.data, () => verb.run(wish));
  return isJson ? `${JSON.stringify(facts)}\n` : `${renderMessage(say, language, facts)}\n`;
}

function readWish(name: string, verb: Verb, args: readonly string[]): { wish: Wish; isJson: boolean } {
  const invalid = (problem: Message, cause?: unknown) =>
    new AppError('CONFIG_INVALID', { where: `store ${name}`, problem }, { cause });
  const values = (() => {
    try {
      return parseArgs({ args: [...args], options: OPTIONS }).values;
    } catch (cause) {
      throw invalid(lineProblem(cause), cause);
    }
  })();
  for (const need of verb.needs)
    if (values[need] === undefined) throw invalid({ en: `--${need} is missing`, zh: `缺少 --${need}` });
  const data = resolve(values.data ?? (process.env['PILOTHOUSE_DATA'] || './.pilothouse'));
  const store = values.store ?? (process.env['PILOTHOUSE_STORE'] || 'sqlite');
  const wish = {
    data,
    store: readStoreLocation(store, data),
    from: values.from ?? '',
    to: values.to ?? '',
    isReplacing: values.replace === true,
    isDryRun: values['dry-run'] === true,
  };
  return { wish, isJson: values.json === true };
}

const sets = () => kernelMigrations(plugins);

/** For people: never with a password. */
const nameOf = (location: StoreLocation): string =>
  location.kind === 'sqlite' ? location.path : placeOf(location.url);

async function backUp({ data, store, to }: Wish): Promise<Done> {
  const path = resolve(to);
  const { tables, rows } = await backUpStore(context, { from: store, path, files: readKeyFiles(data) });
  return { say: storeTexts.backedUp, facts: { path, store: nameOf(store), tables, rows } };
}

/** A server of this data directory must be down, whatever its store is. */
async function whileDown<Result>(data: string, run: () => Promise<Result>): Promise<Result> {
  const lock = lockDataDirectory(data);
  try {
    return await run();
  } finally {
    lock.release();
  }
}

function restore({ data, store, from, isReplacing }: Wish): Promise<Done> {
  return whileDown(data, async () => {
    const path = resolve(from);
    const restored = await restoreStore(context, { path, to: store, sets: sets(), isReplacing }, (files) =>
      writeKeyFiles(data, files, isReplacing),
    );
    const { tables, rows, head } = restored;
    return {
      say: storeTexts.restored,
      facts: { path, store: nameOf(store), tables, rows, takenAt: head.takenAt },
    };
  });
}

function move({ data, from, to, isReplacing }: Wish): Promise<Done> {
  return whileDown(data, async () => {
    const [source, target] = [readStoreLocation(from, data), readStoreLocation(to, data)];
    if (nameOf(source) === nameOf(target))
      throw new AppError('CONFIG_INVALID', {
        where: 'store migrate',
        problem: { en: '--from and --to are the same', zh: '--from 与 --to 相同' },
      });
    const wish = { from: source, to: target, sets: sets(), isReplacing };
    const { tables, rows } = await moveStore(context, wish);
    return {
      say: storeTexts.moved,
      facts: { from: nameOf(source), to: nameOf(target), tables, rows },
    };
  });
}

async function upgrade({ data, store, isDryRun }: Wish): Promise<Done> {
  const pending = await pendingOf(store);
  const facts = {
    store: nameOf(store),
    count: pending.length,
    changes: pending.map(({ owner, id }) => `${owner}/${id}`),
  };
  const list = { ...facts, list: facts.changes.map((change) => `\n  ${change}`).join('') };
  if (isDryRun) return { say: storeTexts.pending, facts: list };
  await whileDown(data, async () => {
    const opened = await openStore(store);
    try {
      await opened.migrate(sets());
    } finally {
      await opened.close();
    }
  });
  return { say: storeTexts.upgraded, facts: list };
}

async function pendingOf(store: StoreLocation): Promise<{ owner: string; id: string }[]> {
  const reader = await openStoreReader(store);
  try {
    return await pendingMigrations(reader, sets());
  } finally {
    await reader.close();
  }
}

/** `--from` is the moment that the store was set back to. */
function newEpoch({ data, store, from }: Wish): Promise<Done> {
  const restoredFrom = new Date(from);
  if (Number.isNaN(restoredFrom.getTime()))
    throw new AppError('CONFIG_INVALID', {
      where: 'store new-epoch',
      problem: { en: `${from} is no moment`, zh: `${from} 不是时间` },
    });
  return whileDown(data, async () => {
    const opened = await openStore(store);
    try {
      const epoch = await opened.transaction((transaction) =>
        beginEpoch(transaction, restoredFrom.toISOString()),
      );
      return { say: storeTexts.newEpoch, facts: { store: nameOf(store), epoch } };
    } finally {
      await opened.close();
    }
  });
}
