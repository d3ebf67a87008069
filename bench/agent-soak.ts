/**
 * The agent on a real host over what would be weeks: commands one after another, and now and then a broken session and all
 * facts anew.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { factsRoutes, rolloutRoutes } from '@pilothouse/contract';
import { runCommandAction } from '@pilothouse/plugin-commands/contract';
import type { BenchContext } from './benchmark.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import type { AgentLab } from './frame/agent-lab.ts';
import { GIVEN_BACK_MS } from './frame/agent-process.ts';
import { cpuSeconds, privateBytes } from './frame/process-usage.ts';

/** What one task holds at most. */
const COMMANDS_PER_TASK = 16;
/** A host that carries out a command every minute opens a session, and collects everything, about so often. */
const TASKS_PER_SESSION = 25;
/** Between the middle and the end, when all that is made once has been made. */
const GROWTH_MAX_PERCENT = 5;

export async function soakAgent({ cycles, say }: BenchContext, lab: AgentLab): Promise<Figure[]> {
  const { pid } = lab;
  const tasks = Math.max(2, Math.round(cycles / COMMANDS_PER_TASK));
  const memory = [privateBytes(pid)];
  const cpuBefore = cpuSeconds(pid);
  const began = performance.now();
  for (let task = 1; task <= tasks; task++) {
    await carryOut(lab);
    if (task % TASKS_PER_SESSION === 0) await beginAnew(lab);
    if (task !== Math.round(tasks / 2) && task !== tasks) continue;
    await delay(GIVEN_BACK_MS);
    memory.push(privateBytes(pid));
    const mb = memory.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ');
    say(`${task * COMMANDS_PER_TASK} cycles; private memory ${mb} MB`);
  }
  const seconds = (performance.now() - began - 2 * GIVEN_BACK_MS) / 1000;
  const [start = 0, middle = 0, end = 0] = memory.map((bytes) => bytes / 1e6);
  const done = tasks * COMMANDS_PER_TASK;
  const title = `soak of ${done} cycles`;
  return [
    plain(`${title}: private memory before`, start, 'MB'),
    plain(`${title}: in the middle`, middle, 'MB'),
    ceiling(`${title}: at the end`, end, 'MB', 20),
    ceiling(`${title}: growth of its second half`, (end / middle - 1) * 100, '%', GROWTH_MAX_PERCENT),
    plain(
      `${title}: the agent's processor time a cycle`,
      ((cpuSeconds(pid) - cpuBefore) * 1000) / done,
      'ms',
    ),
    plain(`${title}: cycles a second`, done / seconds, ''),
  ];
}

const targetOf = ({ host }: AgentLab) => ({ selector: `name == ${JSON.stringify(host)}` });

/** A task of so many commands with some output. */
async function carryOut(lab: AgentLab): Promise<void> {
  const { client } = lab.scene.installation;
  const command = { action: runCommandAction.name, parameters: { argv: ['ls', '-l', '/etc'] } };
  const { rollout } = await client.call(rolloutRoutes.run, {
    body: {
      title: 'list',
      target: targetOf(lab),
      // The session before may have been cut a moment ago.
      strategy: { offline: 'wait' },
      actions: Array.from({ length: COMMANDS_PER_TASK }, () => command),
    },
  });
  const params = { rolloutId: rollout.id };
  const stream = await client.stream(rolloutRoutes.watch, { params });
  // It ends with the rollout.
  for await (const _piece of stream);
  const { counts } = await client.call(rolloutRoutes.get, { params });
  if (counts.succeeded !== 1) throw new Error('a task of the soak did not succeed');
}

/** A session that breaks, and all facts anew once the host is back. */
async function beginAnew(lab: AgentLab): Promise<void> {
  const { client } = lab.scene.installation;
  lab.relay.cut();
  await carryOut(lab);
  const { items } = await client.call(factsRoutes.kinds);
  const facts = items.map(({ name }) => name);
  await client.call(factsRoutes.collect, { body: { target: targetOf(lab), facts } });
}
