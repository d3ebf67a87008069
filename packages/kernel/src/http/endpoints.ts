import type { Clock } from '@pilothouse/base';
import { AppError, systemRoutes } from '@pilothouse/contract';
import { createApiDocuments } from './api-documents.ts';
import { htmlAnswer } from './html-page.ts';
import type { Metrics } from './metrics.ts';
import type { ErrorCatalogue } from './problem-answer.ts';
import { type Endpoint, endpoint, redirectTo } from './service.ts';

export interface SystemDependencies {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly metrics: Metrics;
  readonly catalogue: ErrorCatalogue;
  readonly version: string;
  /** All mounted routes, these among them; asked after start. */
  readonly routes: () => readonly Endpoint['route'][];
  /** Null when the server can do its work; otherwise why not, for a person. */
  readonly notReady: () => string | null;
}

/** Health, readiness, metrics and the description of the API itself. */
export function systemEndpoints(dependencies: SystemDependencies): Endpoint[] {
  const startedAt = dependencies.clock.monotonic();
  const { metrics } = dependencies;
  const documentOf = createApiDocuments({
    ...dependencies,
    pause: () => new Promise((resolve) => setImmediate(resolve)),
  });
  return [
    endpoint(systemRoutes.health, async () => ({ status: 'ok' as const })),
    endpoint(systemRoutes.ready, async () => {
      const reason = dependencies.notReady();
      if (reason !== null) throw new AppError('NOT_READY', { reason });
      const uptimeMs = Math.round(dependencies.clock.monotonic() - startedAt);
      return { status: 'ready' as const, version: dependencies.version, uptimeMs };
    }),
    endpoint(systemRoutes.metrics, async ({ exchange }) => {
      exchange.setHeader('content-type', metrics.contentType);
      return { stream: textOf(() => metrics.text()) };
    }),
    {
      route: systemRoutes.openapi,
      // As a stream of one piece, since a megabyte of JSON is not to be written anew for everybody who asks.
      async handle({ language, exchange }) {
        const { openapi } = await documentOf(language);
        exchange.setHeader('content-type', 'application/json; charset=utf-8');
        return { stream: textOf(async () => openapi) };
      },
    },
    endpoint(systemRoutes.home, async ({ exchange }) => redirectTo('/api/docs', exchange)),
    endpoint(systemRoutes.docs, async ({ language, exchange }) =>
      htmlAnswer((await documentOf(language)).page, exchange),
    ),
  ];
}

async function* textOf(make: () => Promise<string>): AsyncGenerator<{ data: string }> {
  yield { data: await make() };
}
