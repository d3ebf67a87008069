/** What a benchmark says to the processes that hold its simulated agents. Both ends are one program, so nothing is parsed. */
import type { SimulatedIdentity } from '@pilothouse/testkit';

export interface FleetCalls {
  /** Makes keys for hosts `first` to `first + count - 1`, before anything is timed. */
  readonly makeKeys: { readonly args: { first: number; count: number }; readonly answer: null };
  /** Enrols those hosts. Milliseconds of each enrolment, TCP and TLS handshakes included. */
  readonly enrol: { readonly args: { token: string; concurrent: number }; readonly answer: number[] };
  readonly identities: { readonly args: null; readonly answer: SimulatedIdentity[] };
  /** Takes identities that were enrolled before, for a server that now listens here. */
  readonly load: {
    readonly args: { file: string; gatewayUrl: string; first: number; count: number };
    readonly answer: null;
  };
  /** `facts`: the hosts of 200 builds report all facts of the inventory plugin after each welcome. */
  readonly prepare: {
    readonly args: {
      actions: Readonly<Record<string, string>>;
      output: string;
      delayMs: number;
      localAddress: string;
      hasFacts: boolean;
      /** Null: as the server wishes. */
      heartbeatIntervalMs: number | null;
    };
    readonly answer: null;
  };
  readonly connect: { readonly args: { concurrent: number }; readonly answer: null };
  /** From now on agents come back by themselves. */
  readonly keep: { readonly args: null; readonly answer: null };
  readonly cut: { readonly args: null; readonly answer: null };
  /** Of the sessions, drawn by lot. */
  readonly cutSome: { readonly args: { share: number }; readonly answer: null };
  /** Epoch milliseconds at which each outcome was acknowledged since the last call. */
  readonly saved: { readonly args: null; readonly answer: number[] };
  /** From now on the hosts are as of this day; each says so at a moment of its own within the spread. */
  readonly churn: { readonly args: { kind: Churn; day: number; spreadMs: number }; readonly answer: null };
  readonly state: { readonly args: null; readonly answer: FleetState };
}

/** everyday: what differs from one day to the next. package: one package of every build is upgraded. */
export type Churn = 'everyday' | 'package';

export interface FleetState {
  readonly connected: number;
  /** Of these, whose last handshake was spared by a ticket. */
  readonly resumed: number;
  /** The largest number of times that any task was carried out by one agent, and how many were carried out in all. */
  readonly executionsMax: number;
  readonly executions: number;
}

export type FleetCall = keyof FleetCalls;
export interface FleetQuestion {
  readonly id: number;
  readonly call: FleetCall;
  readonly args: unknown;
}
export type FleetReply = { readonly id: number } & (
  | { readonly answer: unknown }
  | { readonly failure: string }
);
