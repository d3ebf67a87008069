/** The HTTPS listener of API and console: mounts routes as data, and owns nothing of what they do. */
export type { Authenticated, Authenticator, Credentials } from './authenticator.ts';
export { createHttp, type HttpServer } from './create-http.ts';
export { systemEndpoints } from './endpoints.ts';
export { escapeHtml, type HtmlPage, htmlAnswer } from './html-page.ts';
export { createIdempotency, type Idempotency } from './idempotency.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { httpMigrations } from './migrations.ts';
export { networkOf } from './peer-address.ts';
export { catalogueOf, type ErrorCatalogue, problemOf } from './problem-answer.ts';
export { createRateLimit, type RateLimit } from './rate-limit.ts';
export type { Endpoint } from './service.ts';
export { createIdempotencyStore } from './store.ts';
