import { stat } from 'node:fs/promises';
import { isAppError, type Language } from '@pilothouse/contract';
import { kernelMigrations } from '@pilothouse/kernel';
import { openStoreReader, pendingMigrations, placeOf, type StoreLocation } from '@pilothouse/store';
import { plugins } from '../plugins.ts';
import { type DoctorFinding, ok, problem, warning } from './finding.ts';
import { sayRefusal } from './say-refusal.ts';

const MIB = 1024 ** 2;
/** Above it the opening does not read the whole file; see the store. */
const CHECKED_MIB_MAX = 512;

/** Opens the store beside whoever uses it, which checks a smaller file whole, and compares its tables with this program's. */
export async function checkStore(location: StoreLocation, language: Language): Promise<DoctorFinding[]> {
  const place = location.kind === 'sqlite' ? location.path : placeOf(location.url);
  const sizeMib = location.kind === 'sqlite' ? await sizeOf(location.path) : 0;
  // A store that is not there yet is made by the first start.
  if (sizeMib === null) return [];
  try {
    const reader = await openStoreReader(location);
    try {
      const pending = await pendingMigrations(reader, kernelMigrations(plugins));
      const findings = [
        pending.length === 0 ? ok('store', { place }) : warning('storeBehind', { count: pending.length }),
      ];
      if (sizeMib > CHECKED_MIB_MAX) findings.push(ok('storeUnchecked', { sizeMib }));
      return findings;
    } finally {
      await reader.close();
    }
  } catch (cause) {
    if (!isAppError(cause)) throw cause;
    const { code, text, hint } = sayRefusal(cause, language);
    return [problem('storeFailed', { code, text, hint: hint || place })];
  }
}

const sizeOf = (path: string): Promise<number | null> =>
  stat(path).then(
    ({ size }) => Math.round(size / MIB),
    () => null,
  );
