/** Every kind of frame, both directions, with everything wrong that a peer can make wrong. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mendHalves } from '@pilothouse/base';
import { fuzzParameters, hostileJson, spoiled, spoiledBytes } from '@pilothouse/testkit/fuzz';
import { sampleOf } from '@pilothouse/testkit/sample-of';
import fc from 'fast-check';
import type { z } from 'zod';
import { AgentFrame, FRAME_BYTES_MAX, ServerFrame } from './frames.ts';
import { parseAgentFrame, parseServerFrame } from './parse-frame.ts';

const MS_MAX = 1_000;
const DIRECTIONS = [
  { name: 'from an agent', schema: AgentFrame, parse: parseAgentFrame },
  { name: 'from a server', schema: ServerFrame, parse: parseServerFrame },
] as const;

/** The frame, or the name of what is wrong with it; never a throw, never a change of every object there is. */
function parsed(
  parse: (text: string) => { ok: boolean; error?: string; value?: unknown },
  text: string,
): boolean {
  const before = process.cpuUsage();
  const result = parse(text);
  const { user } = process.cpuUsage(before);
  assert.ok(user / 1_000 < MS_MAX, `${user / 1_000} ms for ${text.slice(0, 200)}`);
  if (!result.ok) assert.match(result.error ?? '', /^(too-large|not-json|not-a-frame)$/);
  assert.equal(({} as Record<string, unknown>)['isAdmin'], undefined);
  const read = JSON.stringify(result.value ?? null);
  assert.equal(mendHalves(read), read, 'half a character would fail whoever hashes or stores it');
  return result.ok;
}

for (const { name, schema, parse } of DIRECTIONS) {
  for (const option of schema.options) {
    const { kind } = option.shape;
    const sample = sampleOf(option as z.ZodType);

    test(`${kind.value} ${name}: good it is read, spoiled it is read or refused, and quickly`, (t) => {
      assert.equal(parsed(parse, JSON.stringify(sample)), true, JSON.stringify(sample));
      const value = fc.oneof(
        spoiled(sample),
        hostileJson.map((more) => ({ ...sample, more })),
      );
      const parameters = fuzzParameters(t, { runs: 60 });

      fc.assert(
        fc.property(value, (each) => void parsed(parse, JSON.stringify(each) ?? '')),
        parameters,
      );
      fc.assert(
        fc.property(spoiledBytes(sample), (bytes) => void parsed(parse, bytes.toString('utf8'))),
        parameters,
      );
    });
  }

  test(`a frame ${name} is refused where it nests too deeply, wherever any JSON may stand in it`, () => {
    const deep = '['.repeat(5_000) + ']'.repeat(5_000);
    for (const option of schema.options) {
      const text = JSON.stringify({ ...sampleOf(option as z.ZodType), more: 'here' });
      const result = parse(
        text.replace(/\{\}|"here"/g, (found) => (found === '{}' ? `{"a":${deep}}` : deep)),
      );
      assert.deepEqual(result, { ok: false, error: 'not-json' });
    }
  });

  test(`a frame ${name} that is too large is refused before it is parsed`, () => {
    const result = parse(`{"kind":"${'x'.repeat(FRAME_BYTES_MAX)}"}`);

    assert.deepEqual(result, { ok: false, error: 'too-large' });
  });
}

test('a text that was cut through a character is mended, and its frame is read', () => {
  const hello = AgentFrame.options.find(({ shape }) => shape.kind.value === 'hello');
  assert.ok(hello);
  const result = parseAgentFrame(JSON.stringify({ ...sampleOf(hello as z.ZodType), arch: 'x\ud83d' }));

  assert.ok(result.ok && result.value.kind === 'hello');
  assert.equal(result.value.arch, 'x\u{fffd}');
});
