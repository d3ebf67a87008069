import { DAY_MS } from '@pilothouse/base';
import { defineAction, type EffectClass, type Interruption } from '@pilothouse/contract';
import { CommandParameters, ScriptParameters } from './command-parameters.ts';
import { commandsPermissions } from './permissions.ts';

const interruptionOf = (effect: EffectClass): Interruption =>
  effect === 'disruptive' || effect === 'destructive' ? 'service' : 'none';

const undo = {
  kind: 'none',
  reason: {
    en: 'Nobody can know what an arbitrary program has changed; write the way back as a second script.',
    zh: '无法得知任意程序改变了什么；请将回退步骤写成另一个脚本。',
  },
} as const;

/** Runs one program, or one text for a shell. Does not interpret, quote or join anything on the way. */
export const runCommandAction = defineAction({
  name: 'commands.run',
  title: { en: 'Run a command', zh: '执行命令' },
  withoutRoot: { en: 'as another user than the agent’s own', zh: '以 agent 自身之外的用户执行' },
  parameters: CommandParameters,
  effect: (parameters) => parameters.effect,
  trust: 'arbitrary',
  permission: commandsPermissions.run.name,
  interrupts: (parameters) => interruptionOf(parameters.effect),
  locks: () => ['host'],
  timeoutMsMax: DAY_MS,
  undo,
});

/** Writes a script to a file of the task's own and runs it; the file is gone when the task ends. */
export const runScriptAction = defineAction({
  name: 'commands.script',
  title: { en: 'Run a script', zh: '执行脚本' },
  withoutRoot: { en: 'as another user than the agent’s own', zh: '以 agent 自身之外的用户执行' },
  parameters: ScriptParameters,
  effect: (parameters) => parameters.effect,
  trust: 'arbitrary',
  permission: commandsPermissions.run.name,
  interrupts: (parameters) => interruptionOf(parameters.effect),
  locks: () => ['host'],
  timeoutMsMax: DAY_MS,
  undo,
});
