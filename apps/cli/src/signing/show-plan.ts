import { moment, note, oneLine, probeText, targetText, wavesText, windowText } from '@pilothouse/cli-kit';
import type { AppContext } from '../app-context.ts';
import { gateLine } from '../commands/plan-view.ts';
import { groupSteps, stepLines } from '../commands/step-view.ts';
import type { CheckedPlan } from './fetch-checked-plan.ts';

const HOSTS_SHOWN = 8;
const WAVES_SHOWN = 20;

/**
 * What somebody is about to put their name to: all of what changes hosts, grouped, and how it goes about it. Each value stays on
 * its line: a title that has line ends would else say what only this program may say, such as another digest.
 */
export function showPlan(context: AppContext, plan: CheckedPlan, isFull: boolean): void {
  const { say } = context;
  const { header, steps, digest } = plan;
  const { strategy } = header;
  const line = (name: { en: string; zh: string }, value: string): void =>
    note(context, `${say(name)}: ${oneLine(value)}`);
  note(context, oneLine(header.title));
  line({ en: 'digest, worked out here', zh: '摘要（本机计算）' }, digest);
  line({ en: 'made by', zh: '制定者' }, `${header.createdBy}, ${moment(header.createdAt)}`);
  line({ en: 'valid', zh: '有效期' }, `${moment(header.notBefore)} … ${moment(header.expiresAt)}`);
  line({ en: 'target', zh: '目标' }, targetText(context, header.target));
  line({ en: 'hosts', zh: '主机数' }, String(steps.length));
  const groups = groupSteps(steps.map(({ step, hostName }) => ({ ...step, hostName })));
  for (const each of stepLines(context, { groups, absentCount: 0 }, isFull)) note(context, each);
  showWaves(context, plan, isFull);
  for (const window of strategy.windows ?? [])
    line({ en: 'only within', zh: '仅在此窗口内' }, windowText(window));
  for (const gate of strategy.gates ?? []) line({ en: 'gate', zh: '关卡' }, gateLine(context, gate));
  for (const probe of strategy.probes ?? []) line({ en: 'probe', zh: '探测' }, probeText(context, probe));
  const share = strategy.failuresPercentMax;
  const any = strategy.failuresMax === null && share === undefined;
  const failures = [
    ...(strategy.failuresMax === null ? [] : [String(strategy.failuresMax)]),
    ...(share === undefined ? [] : [`${share}%`]),
  ];
  line(
    { en: 'failures allowed', zh: '允许失败数' },
    any ? say({ en: 'any number', zh: '不限' }) : failures.join(', '),
  );
  line(
    { en: 'on failure', zh: '失败时' },
    strategy.onFailure === 'rollback'
      ? say({ en: 'halt and undo what was touched', zh: '停止并撤销已执行的更改' })
      : say({ en: 'halt', zh: '停止' }),
  );
  const isUndoable = steps.some(({ step }) => step.actions.some(({ undo }) => undo !== null));
  line(
    { en: 'a signature covers its undo, too', zh: '签名同时涵盖撤销操作' },
    isUndoable ? say({ en: 'yes', zh: '是' }) : say({ en: 'nothing here records one', zh: '无可撤销的操作' }),
  );
}

function showWaves(context: AppContext, { header, steps }: CheckedPlan, isFull: boolean): void {
  const name = context.say({ en: 'wave', zh: '批次' });
  const { waves } = header;
  if (waves === undefined)
    return note(context, `${name}: ${oneLine(wavesText(context, header.strategy.waves))}`);
  for (const [index, wave] of waves.entries()) {
    if (index === WAVES_SHOWN && !isFull) return note(context, `  … (${waves.length})`);
    const hosts = steps.filter(({ step }) => step.wave === index).map(({ hostName }) => hostName);
    const shown = isFull ? hosts : hosts.slice(0, HOSTS_SHOWN);
    const more = shown.length < hosts.length ? ', …' : '';
    const who = oneLine(shown.join(', '));
    note(context, `${name} ${index + 1} (${oneLine(wave.name)}, ${hosts.length}): ${who}${more}`);
  }
}
