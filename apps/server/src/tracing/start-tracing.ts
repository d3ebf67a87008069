import type { Log } from '@pilothouse/kernel';
import { readTracing } from './tracing-settings.ts';

/**
 * Sends the spans of this process to a collector when OpenTelemetry's standard variables ask for it, or does nothing.
 * Gives what ends it, with the last spans sent.
 */
export async function startTracing(
  environment: Readonly<Record<string, string | undefined>>,
  facts: { readonly version: string; readonly log: Log },
): Promise<() => Promise<void>> {
  const settings = readTracing(environment);
  if (settings === null) return async () => {};
  // Loaded only here: nobody else pays for it.
  const { registerSdk } = await import('./register-sdk.ts');
  const end = registerSdk(settings, facts);
  facts.log.info('traces are sent', { sampler: settings.sampler });
  return end;
}
