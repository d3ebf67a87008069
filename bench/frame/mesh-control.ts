import { get } from 'node:https';
import { WebSocket } from 'ws';

const ANSWER_TIMEOUT_MS = 60_000;
/** Of its agents for Linux, macOS and the BSDs: a line for the shell. */
const SHELL = 3;

interface Place {
  readonly host: string;
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string };
}

/** The fields of its messages that are used here; it has many more. */
interface Message {
  readonly action?: string;
  readonly type?: string;
  readonly responseid?: string;
  readonly meshid?: string;
  readonly nodeid?: string;
  readonly result?: string;
  readonly nodes?: Readonly<Record<string, readonly { readonly _id: string; readonly conn?: number }[]>>;
}

interface MeshCommand {
  readonly line: string;
  readonly answer: string;
  readonly nodeids: readonly string[];
  readonly timeoutMs?: number;
}

/** What its web page and its command line speak with the server. */
export async function openMeshControl({ host, port, login }: Place) {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const socket = new WebSocket(`wss://${host}:${port}/control.ashx`, {
    rejectUnauthorized: false,
    headers: { 'x-meshauth': `${base64(login.user)},${base64(login.password)}` },
  });
  const ask = questionsTo(socket);
  await ask(null, ({ action }) => (action === 'userinfo' ? true : undefined));
  let asked = 0;
  const nextId = (): string => `bench-${++asked}`;
  return {
    /** The settings file of an agent that joins this new group. */
    async newGroup(): Promise<{ readonly id: string; readonly settings: string }> {
      const responseid = nextId();
      const id = await ask(
        { action: 'createmesh', meshname: responseid, meshtype: 2, responseid },
        (message) => (message.responseid === responseid ? message.meshid : undefined),
      );
      const path = `/meshsettings?id=${encodeURIComponent(id.replace(/^mesh\/\//, ''))}`;
      return { id, settings: await read({ host, port, path }) };
    },
    /** Ids of the agents of a group that are there. */
    async connected(group: string): Promise<string[]> {
      const responseid = nextId();
      const nodes = await ask({ action: 'nodes', responseid }, (message) =>
        message.responseid === responseid ? message.nodes : undefined,
      );
      return (nodes[group] ?? []).filter(({ conn = 0 }) => (conn & 1) === 1).map(({ _id }) => _id);
    },
    /** A line for the shell of all of these; seconds until each has answered with what is looked for. */
    async run({ line, answer, nodeids, timeoutMs }: MeshCommand): Promise<number> {
      const responseid = nextId();
      const answered = new Set<string>();
      const began = performance.now();
      const question = {
        action: 'runcommands',
        nodeids,
        type: SHELL,
        cmds: line,
        runAsUser: 0,
        reply: true,
        responseid,
      };
      await ask(
        question,
        (message) => {
          if (message.responseid !== responseid || message.type !== 'runcommands') return undefined;
          if (message.result?.includes(answer) === true) answered.add(message.nodeid ?? '');
          return answered.size === nodeids.length ? true : undefined;
        },
        timeoutMs,
      );
      return (performance.now() - began) / 1000;
    },
    close: () => socket.terminate(),
  };
}

/** Sends a question, and listens until it has an answer. */
function questionsTo(socket: WebSocket) {
  const listeners = new Set<(message: Message) => void>();
  socket.on('message', (data: Buffer) => {
    // A peer that this very benchmark installed and started.
    const message = JSON.parse(data.toString('utf8')) as Message;
    for (const listener of listeners) listener(message);
  });
  return <T>(
    question: object | null,
    answerOf: (message: Message) => T | undefined,
    timeoutMs = ANSWER_TIMEOUT_MS,
  ): Promise<T> =>
    new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        listeners.delete(listener);
        socket.off('error', reject);
      };
      const listener = (message: Message): void => {
        const answer = answerOf(message);
        if (answer === undefined) return;
        done();
        resolve(answer);
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`MeshCentral did not answer ${JSON.stringify(question).slice(0, 80)}`));
      }, timeoutMs);
      listeners.add(listener);
      socket.on('error', reject);
      if (question !== null) socket.send(JSON.stringify(question));
    });
}

function read(place: { host: string; port: number; path: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ ...place, rejectUnauthorized: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.once('end', () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(new Error(`MeshCentral: HTTP ${response.statusCode}`)),
      );
    }).once('error', reject);
  });
}
