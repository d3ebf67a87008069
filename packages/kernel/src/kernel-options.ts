import type { OidcSettings } from './access/index.ts';
import type { PrometheusSettings } from './gates/index.ts';
import type { ServerPlugin } from './plugins/index.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Retention {
  readonly eventsKeptMax: number;
  readonly factHistoryMs: number;
  readonly resultsKeptDays: number;
}

export interface PeerOptions {
  /** Where fronts of other machines find this leader. */
  readonly listen: Address;
  /** How they reach it. */
  readonly advertised: Address;
  /** Another machine leads: this one must stop at once, and can commit nothing any more. */
  readonly superseded: () => void;
}

export interface KernelOptions {
  readonly plugins: readonly ServerPlugin[];
  /** Private keys live in `keys` below it. */
  readonly dataDirectory: string;
  /** Port 0: the system chooses, as tests want it. */
  readonly listen: Address;
  readonly gatewayListen: Address;
  /**
   * The socket of this leader's door. Then other processes, the fronts, hold both listeners, and none is opened here; `listen`
   * and `gatewayListen` say where they are. Absent or null: this process does everything.
   */
  readonly doorPath?: string | null;
  /** Of several machines over one database; goes with a door. Absent or null: there is one machine. */
  readonly peers?: PeerOptions | null;
  /** Addresses and networks of load balancers before the gateway that speak the PROXY protocol; absent: none. */
  readonly gatewayProxies?: readonly string[];
  /** Names and addresses by which server and gateway are reached, the best first; they stand in certificates and tokens. */
  readonly names: readonly string[];
  /** What the certificate of both listeners is good for: those, and how this machine calls itself. */
  readonly certificateNames: readonly string[];
  readonly retention: Retention;
  /** How long a host may be offline before budgets count it as down; absent: a minute. */
  readonly offlineGraceMs?: number;
  /** Addresses and networks of this machine and its inside that notifications may be sent to; absent: none. */
  readonly notifyAllow?: readonly string[];
  readonly oidc: OidcSettings | null;
  /** Absent or null: gates that ask Prometheus are refused. */
  readonly prometheus?: PrometheusSettings | null;
  readonly version: string;
  /** True in tests: answers are parsed by their routes' schemas before they are sent. */
  readonly isAnswerChecked?: boolean;
}
