/** What an agent cannot offer, for whoever starts one: each fact and action once, the agent's own word first. */
import type { Message } from '@pilothouse/contract';
import type { AgentFrame } from '@pilothouse/wire';
import type { Declarations } from './plugins/index.ts';

export interface AgentLack {
  /** Of the action or fact. */
  readonly title: Message;
  /** What is missing of it, or why all of it is. */
  readonly what: Message;
}

/** Null while it has no session: then only what is declared of agents without root is known. */
type Hello = Pick<Extract<AgentFrame, { kind: 'hello' }>, 'actionsAbsent' | 'actionsAbsentWhy'> | null;

export function agentLacks(
  { facts, actions }: Pick<Declarations, 'facts' | 'actions'>,
  hello: Hello,
  { isRoot }: { readonly isRoot: boolean },
): AgentLack[] {
  const lacks = new Map<string, AgentLack>();
  if (!isRoot) {
    for (const [name, { title, withoutRoot }] of [...facts, ...actions])
      if (withoutRoot !== undefined) lacks.set(name, { title, what: withoutRoot });
  }
  for (const [name, reason] of Object.entries(hello?.actionsAbsent ?? {})) {
    const title = actions.get(name)?.title ?? { en: name, zh: name };
    const what = hello?.actionsAbsentWhy?.[name] ?? { en: reason, zh: reason };
    lacks.set(name, { title, what });
  }
  return [...lacks.values()];
}
