/** How fast a fleet enrols: keys are made before, TCP and TLS handshakes, the request and the durable answer are timed. */
import { type Benchmark, HOSTS_OF_ALL } from './benchmark.ts';
import { plain } from './figure.ts';
import { openFleet } from './frame/fleet.ts';
import { concurrentEnrolments, newEnrolmentToken } from './frame/prepared-fleets.ts';
import { cpuSeconds } from './frame/process-usage.ts';
import { openStage } from './frame/stage.ts';
import { stallFigures } from './frame/stall-figures.ts';
import { quantile } from './frame/statistics.ts';

export const enrolment: Benchmark = {
  hosts: 10_000,
  hostsOfAll: HOSTS_OF_ALL,
  async run({ hosts, fleets, profileDirectory, say }) {
    const stage = await openStage(fleets.newDirectory());
    const fleet = await openFleet(hosts);
    try {
      say(`make ${hosts} keys`);
      await fleet.each('makeKeys', ({ first, count }) => ({ first, count }));
      const token = await newEnrolmentToken(stage.client, hosts);
      const { pid } = stage.server;
      say(`enrol ${hosts} hosts`);
      await stage.probe.ask('stalls');
      const endProfile = await stage.profile(profileDirectory, 'enrolment');
      const cpuBefore = { server: cpuSeconds(pid), fleet: fleet.cpuSeconds() };
      const began = performance.now();
      const times = (await fleet.all('enrol', { token, concurrent: concurrentEnrolments(fleet) })).flat();
      const seconds = (performance.now() - began) / 1000;
      const serverCpu = cpuSeconds(pid) - cpuBefore.server;
      const fleetCpu = fleet.cpuSeconds() - cpuBefore.fleet;
      await endProfile();
      const stalls = await stallFigures(stage.probe);
      const identities = (await fleet.all('identities', null)).flat();
      await fleet.close();
      await stage.close();
      fleets.keep(hosts, { dataDirectory: stage.dataDirectory, apiToken: stage.apiToken, identities });
      return {
        figures: [
          { what: 'enrolments', value: hosts / seconds, unit: 'hosts/s', budget: 150, isFloor: true },
          plain('one enrolment, p50', quantile(times, 0.5), 'ms'),
          plain('one enrolment, p99', quantile(times, 0.99), 'ms'),
          plain("server's processor time each", (serverCpu * 1000) / hosts, 'ms'),
          plain("simulated hosts' processor time each", (fleetCpu * 1000) / hosts, 'ms'),
          ...stalls,
        ],
      };
    } finally {
      await fleet.close();
      await stage.close();
    }
  },
};
