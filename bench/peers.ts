/** The same job by others, in the same run on the same machine. What is not installed is said, never guessed. */
import { type BenchContext, type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { type FanOut, fanOut, NOBODY } from './fanout.ts';
import { ceiling, type Figure, plain } from './figure.ts';
import { labPeerFigures } from './frame/lab-peers.ts';
import { labRefusal, openLabScene } from './frame/lab-scene.ts';
import { natsVersion, openNatsPeer } from './frame/nats-peer.ts';
import { CONCURRENT } from './frame/prepared-fleets.ts';
import { median } from './frame/statistics.ts';

const ROUNDS = 5;
/** As many as one machine boots in a quarter of a minute. */
const LAB_HOSTS = 20;

export const peers: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run(context) {
    const { hosts, fleets, say } = context;
    // What takes minutes comes first, and what can still be helped is said before it.
    const refusal = await labRefusal(LAB_HOSTS);
    if (refusal !== null) say(refusal);
    const ours = await measureOurs({ hosts, fleets, say });
    const oursSeconds = median(ours.map((round) => round.lastMs / 1000));
    const figures: Figure[] = [
      plain('click to last durable result', oursSeconds, 's'),
      plain("server's processor time", median(ours.map((round) => round.serverCpuSeconds)), 's'),
    ];
    const notes: string[] = [];
    const version = natsVersion();
    if (version === null) notes.push('peer not installed: nats-server; apt install nats-server');
    else {
      say(`the same over ${version}`);
      figures.push(...(await againstNats(hosts, version, oursSeconds)));
    }
    if (refusal !== null)
      return { figures, notes: [...notes, `${refusal}: no Ansible, clush and MeshCentral`] };
    const onLab = await againstLabPeers(context);
    return { figures: [...figures, ...onLab.figures], notes: [...notes, ...onLab.notes] };
  },
};

async function againstLabPeers({
  fleets,
  meshDirectory,
  say,
}: BenchContext): Promise<{ figures: readonly Figure[]; notes: readonly string[] }> {
  const scene = await openLabScene({ hosts: LAB_HOSTS, distribution: 'debian-12-ssh', say });
  try {
    return await labPeerFigures({ scene, newDirectory: () => fleets.newDirectory(), meshDirectory, say });
  } finally {
    await scene.close();
  }
}

async function measureOurs({
  hosts,
  fleets,
  say,
}: Pick<Parameters<Benchmark['run']>[0], 'hosts' | 'fleets' | 'say'>): Promise<FanOut[]> {
  const scene = await fleets.open({ hosts });
  try {
    say(`connect ${hosts} hosts`);
    await scene.fleet.all('connect', { concurrent: CONCURRENT });
    await fanOut(scene, NOBODY);
    const rounds: FanOut[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await fanOut(scene, NOBODY));
    return rounds;
  } finally {
    await scene.close();
  }
}

async function againstNats(hosts: number, version: string, oursSeconds: number): Promise<Figure[]> {
  const peer = await openNatsPeer(hosts, version);
  try {
    await peer.request();
    const rounds: Awaited<ReturnType<typeof peer.request>>[] = [];
    for (let round = 0; round < ROUNDS; round++) rounds.push(await peer.request());
    const seconds = median(rounds.map((round) => round.seconds));
    return [
      plain(`bare request to ${hosts} hosts over ${version}`, seconds, 's'),
      plain("nats-server's processor time", median(rounds.map((round) => round.serverCpuSeconds)), 's'),
      {
        ...ceiling('ours against it', oursSeconds / seconds, '×', 2),
        peer: version,
        ratio: oursSeconds / seconds,
      },
    ];
  } finally {
    await peer.close();
  }
}
