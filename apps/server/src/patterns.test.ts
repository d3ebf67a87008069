import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Route } from '@pilothouse/contract';
import * as contract from '@pilothouse/contract';
import { AgentFrame, EnrolRequest, ServerFrame } from '@pilothouse/wire';
import { z } from 'zod';
import { plugins } from './plugins.ts';

/** Below it no text that a frame or a body may hold takes a second. */
const MS_MAX = 200;
const PIECES = [
  'a',
  'A',
  '0',
  '-',
  '.',
  '/',
  '/a',
  'a.',
  'a-',
  'a/',
  'a b',
  '_',
  ':',
  '@',
  ' ',
  '\\',
  '..',
  '0.',
  '1:',
];

/** Every `pattern` of every schema that bytes from outside meet. */
function patternsOf(value: unknown, found: Set<string>): void {
  if (typeof value !== 'object' || value === null) return;
  if ('pattern' in value && typeof value.pattern === 'string') found.add(value.pattern);
  for (const part of Object.values(value)) patternsOf(part, found);
}

const isRoute = (value: unknown): value is Route =>
  typeof value === 'object' && value !== null && 'path' in value && 'method' in value && 'access' in value;

function allPatterns(): Set<string> {
  const found = new Set<string>();
  const take = (schema: z.ZodType | undefined): void => {
    if (schema !== undefined)
      patternsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), found);
  };
  for (const schema of [AgentFrame, ServerFrame, EnrolRequest]) take(schema);
  const routes = Object.values(contract)
    .flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
    .filter(isRoute);
  for (const { params, query, body } of routes) for (const schema of [params, query, body]) take(schema);
  for (const { spec } of plugins) for (const action of spec.actions ?? []) take(action.parameters);
  return found;
}

test('no pattern of ours takes long over any text that is made to make it', () => {
  const patterns = allPatterns();
  assert.ok(patterns.size > 15, `${patterns.size}`);
  for (const pattern of patterns) {
    const compiled = new RegExp(pattern, 'u');
    for (const piece of PIECES) {
      for (const end of ['', '!', '\n', '\0']) {
        const text = piece.repeat(Math.floor(50_000 / piece.length)) + end;
        const { user } = process.cpuUsage();
        compiled.test(text);
        const ms = (process.cpuUsage().user - user) / 1_000;
        assert.ok(ms < MS_MAX, `${pattern} took ${ms} ms over ${piece} × ${text.length}`);
      }
    }
  }
});
