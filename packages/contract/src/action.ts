import { z } from 'zod';
import type { Message } from './message.ts';

/** read changes nothing · reversible has a tested undo · disruptive interrupts or reboots · destructive cannot be undone. */
export const EffectClass = z.enum(['read', 'reversible', 'disruptive', 'destructive']);
export type EffectClass = z.infer<typeof EffectClass>;

/** What budgets read; not the same as the effect class. */
export const Interruption = z.enum(['none', 'service', 'host']);
export type Interruption = z.infer<typeof Interruption>;

/** arbitrary: code, or content that becomes code. Signatures treat it as destructive, whatever a library says of it. */
export const Trust = z.enum(['typed', 'arbitrary']);
export type Trust = z.infer<typeof Trust>;

export const ActionName = z.string().regex(/^[a-z][a-z0-9-]{0,30}\.[a-z][a-z0-9-]{0,40}$/);

/**
 * A typed operation that an agent can carry out. Server and agent read the same spec; the agent takes effect, trust,
 * interruption and locks from here and never from what the server sends.
 */
export interface ActionSpec<Parameters extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly title: Message;
  readonly parameters: Parameters;
  readonly effect: (parameters: z.output<Parameters>) => EffectClass;
  readonly trust: Trust;
  /**
   * A host permission that planning this action takes on every target, beside `rollouts.start`. Needed where the effect
   * class is only somebody's word: whoever may run any program would otherwise call it `read` and be let through.
   */
  readonly permission?: string;
  readonly interrupts: (parameters: z.output<Parameters>) => Interruption;
  /** `host`, `packages`, `boot`, `service:NAME`. Two tasks that share one never overlap on a host. */
  readonly locks: (parameters: z.output<Parameters>) => readonly string[];
  readonly timeoutMsMax: number;
  /** What it cannot do when the agent does not run as root; absent: nothing. */
  readonly withoutRoot?: Message;
  readonly undo: { readonly kind: 'recorded' } | { readonly kind: 'none'; readonly reason: Message };
  /** Facts that it changes: the agent collects them at once when it has ended, so that nobody reads what was before. */
  readonly changesFacts?: readonly string[];
  /**
   * Milliseconds within which the host must be heard again after the change, or it undoes it by itself: for what may cut
   * the host off (network, firewall, sshd). Absent or null: no confirmation is needed. Takes `undo: recorded`.
   */
  readonly confirmWithinMs?: (parameters: z.output<Parameters>) => number | null;
  /**
   * Parameters that differ between hosts by what operators say of them. Filled in when the plan is made, once and for all:
   * each host's step holds its own final parameters, which people review and sign and the agent checks like any others.
   * Nothing is decided after that. Absent: all hosts have the same.
   */
  readonly perHost?: PerHost<Parameters>;
}

export interface PerHost<Parameters extends z.ZodType = z.ZodType> {
  /** Keys of the labels that these parameters ask for; none: they are final as they are. */
  readonly labels: (parameters: z.output<Parameters>) => readonly string[];
  /** The parameters of hosts whose labels have these values; `labels` asks for none of them then. Pure. */
  readonly fill: (
    parameters: z.output<Parameters>,
    labels: Readonly<Record<string, string>>,
  ) => z.input<Parameters>;
}

export const defineAction = <P extends z.ZodType>(spec: ActionSpec<P>): ActionSpec<P> => spec;
