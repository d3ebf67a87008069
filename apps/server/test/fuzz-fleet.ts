/** Hosts with agents for the routes' fuzzer: what hostile requests begin is carried out, well and badly, while more come. */
import { actionSchemaDigest, enrolmentRoutes } from '@pilothouse/contract';
import { type Behaviour, honest, type SimulatedAgent, simulatedFleet, until } from '@pilothouse/testkit';
import { plugins } from '../src/plugins.ts';
import type { FuzzedServer } from './fuzzed-server.ts';

const MANNERS: readonly Behaviour[] = [
  honest('done', 20),
  { kind: 'duplicate', output: 'twice' },
  { kind: 'vanishing', awayMs: 50 },
  { kind: 'dying' },
];
const ENROLLED_MAX = 10_000;

export interface FuzzFleet {
  readonly hostIds: readonly string[];
  /** Another in the place of one whose host is gone; its id, or null when it was none of these. */
  replace(hostId: string): Promise<string | null>;
  /** Tasks that were carried out, and how often the one that was most often. */
  executions(): { readonly tasks: number; readonly most: number };
  close(): void;
}

export async function openFuzzFleet(
  server: Pick<FuzzedServer, 'ask'>,
  administrator: () => Readonly<Record<string, string>>,
): Promise<FuzzFleet> {
  const actions = Object.fromEntries(
    plugins
      .flatMap(({ spec }) => spec.actions ?? [])
      .map((action) => [action.name, actionSchemaDigest(action)]),
  );
  const agents: SimulatedAgent[] = [];
  const token = async (): Promise<string> => {
    const answer = await server.ask({
      method: 'POST',
      url: enrolmentRoutes.createToken.path,
      headers: administrator(),
      payload: { name: `fleet ${agents.length}`, usesMax: ENROLLED_MAX },
    });
    let text = '';
    for await (const piece of answer.body) text += String(piece);
    return JSON.parse(text).token;
  };
  const add = async (behaviours: readonly Behaviour[]): Promise<readonly SimulatedAgent[]> => {
    const fleet = await simulatedFleet({
      token: await token(),
      count: behaviours.length,
      behaviourOf: (index) => behaviours[index] ?? honest('done'),
      actions,
      firstIndex: agents.length + 1,
    });
    agents.push(...fleet.agents);
    for (const agent of fleet.agents) agent.keepConnected();
    return fleet.agents;
  };
  const first = await add(MANNERS);
  await until('the fleet to connect', 20_000, async () => first.every((agent) => agent.isConnected));
  return {
    hostIds: first.map(({ hostId }) => hostId),
    async replace(hostId) {
      const at = agents.findIndex((agent) => agent.hostId === hostId);
      if (at === -1) return null;
      agents[at]?.close();
      const [other] = await add(MANNERS.slice(at % MANNERS.length).slice(0, 1));
      return other?.hostId ?? null;
    },
    executions() {
      const counts = agents.flatMap((agent) => [...agent.executions.values()]);
      return { tasks: counts.length, most: Math.max(0, ...counts) };
    },
    close() {
      for (const agent of agents) agent.close();
    },
  };
}
