import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import type { ProbeAnswers, ProbeQuestion } from './probe-protocol.ts';

/** Questions to the probe inside the server; one at a time. */
export interface Probe {
  ask<Q extends ProbeQuestion>(question: Q): Promise<ProbeAnswers[Q]>;
  close(): void;
}

export async function openProbe(path: string): Promise<Probe> {
  const socket = connect(path);
  await once(socket, 'connect');
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    async ask<Q extends ProbeQuestion>(question: Q) {
      socket.write(`${question}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`the server ended when it was asked for ${question}`);
      // Both ends are this benchmark's.
      return JSON.parse(line.value) as ProbeAnswers[Q];
    },
    close: () => socket.destroy(),
  };
}
