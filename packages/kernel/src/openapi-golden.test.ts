import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openTestKernel } from './open-test-kernel.ts';

const GOLDEN = join(import.meta.dirname, '..', 'golden');

test('serves the API that golden/openapi.json says (npm run golden writes it anew)', async () => {
  const kernel = await openTestKernel();
  try {
    const answer = await kernel.inject({
      method: 'GET',
      url: '/api/v1/openapi.json',
      headers: { 'accept-language': 'en' },
    });
    const text = `${JSON.stringify(JSON.parse(answer.body), null, 2)}\n`;
    const path = join(GOLDEN, 'openapi.json');

    if (process.env['PILOTHOUSE_GOLDEN'] === 'write') {
      mkdirSync(GOLDEN, { recursive: true });
      writeFileSync(path, text);
    }

    // What the document says is compared, not how it is laid out.
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(path, 'utf8')));
  } finally {
    await kernel.close();
  }
});
