import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { Problem } from '@pilothouse/contract';
import { GATEWAY_PATHS } from '@pilothouse/wire';
import fc from 'fast-check';
import { decodeBody } from './read-body.ts';
import { call, openTestGateway, type TestCall } from './test/open-test-gateway.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const FACT = Buffer.from('{"id":"openEuler"}');

const put = (body: Buffer, encoding: string, decoded = body): TestCall => ({
  method: 'PUT',
  path: `${GATEWAY_PATHS.facts}/${sha256(decoded)}`,
  body,
  headers: { 'content-encoding': encoding },
});
const codeOf = (text: string): string => Problem.parse(JSON.parse(text)).code;

test('a body arrives under its digest, in each encoding', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();

  for (const [encoding, body] of [
    ['zstd', zstdCompressSync(FACT)],
    ['gzip', gzipSync(FACT)],
    ['identity', FACT],
  ] as const) {
    world.bodies.clear();
    assert.equal((await call(world, { ...put(body, encoding, FACT), identity })).status, 204);
    assert.deepEqual(Buffer.from(world.bodies.get(sha256(FACT)) ?? ''), FACT);
  }
});

test('the body of an output goes to those who listen', async (t) => {
  const world = await openTestGateway();
  t.after(() => world.close());
  const identity = await world.enrol();
  const heard: string[] = [];
  world.gateway.service.listen({
    outputBody: async (hostId, digest) => {
      heard.push(hostId, digest);
    },
  });

  const path = `${GATEWAY_PATHS.outputs}/${sha256(FACT)}`;
  const answer = await call(world, { method: 'PUT', path, body: FACT, identity });

  assert.equal(answer.status, 204);
  assert.deepEqual(heard, [identity.hostId, sha256(FACT)]);
});

test('bombs, strangers, wrong digests and unknown encodings are refused with their own code', async (t) => {
  const world = await openTestGateway({ factBodyBytesMax: 100_000 });
  t.after(() => world.close());
  const identity = await world.enrol();
  const zeros = Buffer.alloc(50_000_000);
  const codeFor = async (wish: TestCall): Promise<string> => codeOf((await call(world, wish)).text);

  assert.equal(await codeFor({ ...put(zstdCompressSync(zeros), 'zstd'), identity }), 'BODY_TOO_LARGE');
  assert.equal(await codeFor({ ...put(gzipSync(zeros), 'gzip'), identity }), 'BODY_TOO_LARGE');
  assert.equal(await codeFor({ ...put(FACT, 'zstd'), identity }), 'GATEWAY_BODY_CORRUPT');
  assert.equal(await codeFor({ ...put(FACT, 'br'), identity }), 'GATEWAY_BODY_ENCODING');
  const other = Buffer.from('{}');
  assert.equal(await codeFor({ ...put(FACT, 'identity', other), identity }), 'GATEWAY_DIGEST_MISMATCH');
  assert.equal(await codeFor(put(FACT, 'identity')), 'GATEWAY_NO_CERTIFICATE');
  assert.equal(await codeFor({ method: 'GET', path: '/' }), 'GATEWAY_NO_SUCH_PATH');
  assert.equal(world.bodies.size, 0);
});

test('a body that says it is too large is refused before it is read', async (t) => {
  const world = await openTestGateway({ enrolBodyBytesMax: 1000 });
  t.after(() => world.close());

  const wish = { method: 'POST', path: GATEWAY_PATHS.enrol, body: 'x'.repeat(1001) };
  const answer = await call(world, wish);

  assert.equal(answer.status, 413);
  assert.equal(codeOf(answer.text), 'BODY_TOO_LARGE');
});

test('any bytes decode to at most the limit or to a code', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom('zstd', 'gzip'),
      async (bytes, encoding) => {
        const codec = encoding === 'zstd' ? zstdCompressSync : gzipSync;
        const raw = decodeBody(Buffer.from(bytes), encoding, 100).catch((error) => error.code);
        const packed = decodeBody(codec(bytes), encoding, 100).catch((error) => error.code);

        assert.ok(
          (await raw) === 'GATEWAY_BODY_CORRUPT' ||
            (await raw) === 'BODY_TOO_LARGE' ||
            (await raw).length <= 100,
        );
        if (bytes.length > 100) assert.equal(await packed, 'BODY_TOO_LARGE');
        else assert.deepEqual(new Uint8Array(await packed), bytes);
      },
    ),
  );
});
