import {
  COLLECT_WAIT_MS_MAX,
  type FactCollection,
  factsRoutes,
  type TargetRequest,
} from '@pilothouse/contract';
import type { CliContext } from './cli-context.ts';
import { flag } from './options.ts';
import { note } from './print.ts';

const ASKED = { en: 'Asking the hosts …', zh: '正在询问主机…' };
const MISSING = {
  en: 'What is shown of some hosts may be older: {offline} offline, {late} without an answer in time, {asked} with an agent that does not answer',
  zh: '部分主机的信息可能较旧：{offline} 台离线，{late} 台未及时应答，{asked} 台 agent 版本不支持应答',
};

/** For verbs that show what hosts have reported. */
export const freshOption = flag({
  about: {
    en: 'Let the hosts look now, and wait for them',
    zh: '让主机立即采集并等待结果',
  },
});

/** Lets hosts collect facts now; says for whom that did not work. */
export async function collectFresh(
  context: CliContext,
  target: TargetRequest,
  facts: readonly string[],
): Promise<FactCollection> {
  const client = await context.connect();
  note(context, context.say(ASKED));
  const answer = await client.call(factsRoutes.collect, {
    body: { target, facts: [...facts], waitMs: COLLECT_WAIT_MS_MAX },
  });
  const { collected, ...others } = answer.counts;
  if (collected < answer.hosts.length) note(context, context.say(MISSING, others));
  return answer;
}
