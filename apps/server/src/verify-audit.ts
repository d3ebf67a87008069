/**
 * `pilothouse-server audit verify`: checks the audit chain in the store itself, beside a running server or on a copy,
 * and writes nothing. Signatures are checked by the public halves of the key files below `keys`, which are no part of the
 * store: whoever changed the store alone could not have signed anew.
 */
import { createPublicKey } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { errorCode } from '@pilothouse/base';
import {
  AppError,
  AuditCheckpoint,
  auditProblems,
  auditVerdicts,
  EnvelopeKey,
  type Language,
  lineProblem,
  renderMessage,
} from '@pilothouse/contract';
import { verifyAuditStore } from '@pilothouse/kernel';
import { beside } from './give-to-owner.ts';
import { readStoreLocation } from './store-location.ts';

export interface AuditVerdict {
  readonly text: string;
  readonly isIntact: boolean;
}

/** Arguments after `audit verify`. AppError CONFIG_INVALID, STORE_UNSUPPORTED, and those of the store. */
export async function verifyAudit(args: readonly string[], language: Language): Promise<AuditVerdict> {
  const { data, store, witness } = readOptions(args);
  const report = await beside(data, () =>
    verifyAuditStore({
      store: readStoreLocation(store, data),
      publicKeys: publicKeysIn(join(data, 'keys')),
      witness: witness === undefined ? [] : [readWitness(witness)],
    }),
  );
  if (report.kind === 'broken') {
    const what = renderMessage(auditProblems[report.problem], language, { ...report });
    return { text: `${what}\n`, isIntact: false };
  }
  const verdict = report.tail === 'proved' ? auditVerdicts.proved : auditVerdicts.unproved;
  return { text: `${renderMessage(verdict, language, { ...report })}\n`, isIntact: true };
}

interface Options {
  readonly data: string;
  readonly store: string;
  readonly witness: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  try {
    const options = {
      data: { type: 'string' },
      store: { type: 'string' },
      witness: { type: 'string' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    return {
      data: values.data ?? process.env['PILOTHOUSE_DATA'] ?? './.pilothouse',
      store: values.store ?? (process.env['PILOTHOUSE_STORE'] || 'sqlite'),
      witness: values.witness,
    };
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', { where: 'audit verify', problem: lineProblem(cause) }, { cause });
  }
}

function readWitness(path: string): AuditCheckpoint {
  try {
    return AuditCheckpoint.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new AppError(
      'CONFIG_INVALID',
      { where: path, problem: { en: 'is not a checkpoint', zh: '不是检查点' } },
      { cause },
    );
  }
}

const RAW_KEY_BYTES = 32;

/** Of a copy without its keys there are none; the chain itself is checked all the same. */
function publicKeysIn(directory: string): EnvelopeKey[] {
  return namesIn(directory).flatMap((name) => {
    const id = /^envelope-([0-9a-f]{16})\.pem$/.exec(name)?.[1];
    if (id === undefined) return [];
    const spki = createPublicKey(readFileSync(join(directory, name))).export({ type: 'spki', format: 'der' });
    return [EnvelopeKey.parse({ id, raw: spki.subarray(-RAW_KEY_BYTES).toString('base64') })];
  });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return [];
    throw cause;
  }
}
