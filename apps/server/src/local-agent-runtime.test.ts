import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { AGENT_ENVIRONMENT, AGENT_RUNTIME_OPTIONS } from './local-agent-runtime.ts';

test('the agent beside the server runs as its unit file runs it elsewhere', () => {
  const unit = readFileSync(
    new URL('../../agent/packaging/pilothouse-agent.service', import.meta.url),
    'utf8',
  );
  const lines = [...unit.matchAll(/^Environment=(.*)$/gm)].map(([, line]) => line);
  const settings = Object.entries(AGENT_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);

  assert.deepEqual(lines, [settings.join(' '), `"NODE_OPTIONS=${AGENT_RUNTIME_OPTIONS.join(' ')}"`]);
});
