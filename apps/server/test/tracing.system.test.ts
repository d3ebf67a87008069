/** Traces of a whole server, as a collector receives them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startServerProcess, testFetch, until } from '@pilothouse/testkit';
import { z } from 'zod';

const ENTRY = join(import.meta.dirname, '../src/main.ts');

const Attribute = z.object({
  key: z.string(),
  value: z.object({
    stringValue: z.string().optional(),
    intValue: z.union([z.number(), z.string()]).optional(),
  }),
});
const Span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  attributes: z.array(Attribute),
});
const Export = z.object({
  resourceSpans: z.array(
    z.object({
      resource: z.object({ attributes: z.array(Attribute) }),
      scopeSpans: z.array(z.object({ spans: z.array(Span) })),
    }),
  ),
});

/** Keeps what is sent to it by OTLP over HTTP. */
async function collector(t: TestContext) {
  const received: z.infer<typeof Export>[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      received.push(Export.parse(JSON.parse(body)));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    resources: () => received.flatMap(({ resourceSpans }) => resourceSpans.map(({ resource }) => resource)),
    spans: () =>
      received.flatMap(({ resourceSpans }) =>
        resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
      ),
  };
}

async function traced(t: TestContext, endpoint: string) {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'pilothouse-traced-'));
  t.after(() => rmSync(dataDirectory, { recursive: true }));
  return startServerProcess({
    entry: ENTRY,
    dataDirectory,
    listen: '127.0.0.1:0',
    gatewayListen: '127.0.0.1:0',
    advertise: '127.0.0.1',
    environment: {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_SERVICE_NAME: 'control-room',
      PILOTHOUSE_LOG_FORMAT: 'json',
    },
  });
}

test('a request is a span below its caller’s, and its transactions are spans below it', async (t) => {
  const { url, spans, resources } = await collector(t);
  const server = await traced(t, url);
  const { fetch, close } = testFetch();
  t.after(close);
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const port = /API and console: https:\/\/localhost:(\d+)/.exec(server.log())?.[1];
  const body = {
    code: server.setupCode ?? '',
    name: 'ada',
    password: 'correct horse battery',
    tokenName: 't',
  };
  const answer = await fetch(`https://127.0.0.1:${port}/api/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify(body),
  });
  await answer.text();
  await server.kill('SIGTERM');
  await until('the last spans to arrive', 10_000, async () => spans().some(({ name }) => /setup/.test(name)));

  const request = spans().find(({ name }) => name === 'POST /api/v1/setup');
  assert.equal(request?.traceId, traceId);
  assert.equal(request?.parentSpanId, 'b7ad6b7169203331');
  const status = request?.attributes.find(({ key }) => key === 'http.response.status_code');
  assert.equal(Number(status?.value.intValue), answer.status);
  const below = spans().filter(({ parentSpanId }) => parentSpanId === request?.spanId);
  assert.ok(below.some(({ name }) => name === 'store.transaction'));
  const service = resources()[0]?.attributes.find(({ key }) => key === 'service.name');
  assert.equal(service?.value.stringValue, 'control-room');
  // What the log says of the request leads to its trace, and no trace holds what was typed.
  assert.match(server.log(), new RegExp(`"traceId":"${traceId}"`));
  assert.doesNotMatch(JSON.stringify(spans()), /correct horse/);
});

test('a collector that is away holds up neither answers nor the end', async (t) => {
  const server = await traced(t, 'http://127.0.0.1:9');
  const { fetch, close } = testFetch();
  t.after(close);
  const port = /API and console: https:\/\/localhost:(\d+)/.exec(server.log())?.[1];
  const answer = await fetch(`https://127.0.0.1:${port}/api/v1/hosts`, { method: 'GET', headers: {} });
  await answer.text();
  assert.equal(answer.status, 401);
  await server.kill('SIGTERM');
  assert.match(server.log(), /"text":"request"/);
});
