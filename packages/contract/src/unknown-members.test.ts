import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { unknownMembers } from './unknown-members.ts';

const Wish = z.object({
  title: z.string().optional(),
  limits: z.object({ inFlightMax: z.number().default(10) }).optional(),
  steps: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('wait'), ms: z.number() }),
        z.object({ kind: z.literal('ask'), who: z.string() }),
      ]),
    )
    .default([]),
  labels: z.record(z.string(), z.string()).default({}),
  parameters: z.json().optional(),
});

const placesOf = (sent: unknown): string[] =>
  unknownMembers(sent, Wish.parse(sent)).map(({ path }) => path.join('.'));

test('what a schema does not know is named with its place, also in lists and in the other kind of a union', () => {
  const sent = {
    titel: 'x',
    limits: { inFlihtMax: 1 },
    steps: [
      { kind: 'wait', ms: 1 },
      { kind: 'ask', who: 'ada', ms: 1 },
    ],
  };

  assert.deepEqual(placesOf(sent), ['titel', 'limits.inFlihtMax', 'steps.1.ms']);
});

test('names that a person may choose, and JSON of any shape, are known', () => {
  const free = fc.record({
    labels: fc.dictionary(fc.string(), fc.string()),
    parameters: fc.jsonValue(),
  });
  fc.assert(fc.property(free, (sent) => assert.deepEqual(placesOf(sent), [])));
});

test('a list of bad items is told in part', () => {
  const steps = Array.from({ length: 1000 }, () => ({ kind: 'wait', ms: 1, extra: true }));

  assert.equal(placesOf({ steps }).length, 20);
});
