import { toTimestamp } from '@pilothouse/contract';
import { callRoute } from '../open-test-rollouts.ts';
import { type AskedRule, anyRecurrence } from './calendar-truth.ts';
import type { World } from './simulated-world.ts';

const RULES_MAX = 4;

/** Somebody makes a window or a freeze; whoever asked is told that it stands, or never hears. */
export function askForRule(world: World): void {
  const { random, clock, rules, index } = world;
  if (index.size === 0) return;
  if (rules.filter(({ isPossible }) => isPossible).length >= RULES_MAX) return;
  const hasWindow = rules.some((rule) => rule.kind === 'window' && rule.isCertain);
  const isFreeze = random.isLikely(hasWindow ? 0.8 : 0.4);
  const host = random.isLikely(0.3) ? random.pick([...index.values()]) : null;
  const now = clock.now();
  const rule: AskedRule = {
    kind: isFreeze ? 'freeze' : 'window',
    name: `rule-${rules.length}`,
    hostId: host?.id ?? null,
    span:
      isFreeze && random.isLikely(0.8)
        ? {
            from: toTimestamp(now + random.pick([-1000, 0, 30_000])),
            to: toTimestamp(now + random.pick([20_000, 60_000, 600_000])),
          }
        : anyRecurrence(random),
    isCertain: false,
    isPossible: true,
  };
  rules.push(rule);
  const selector = host === null ? null : `name=${host.name}`;
  const reason = 'simulated';
  const body = isFreeze ? { selector, reason, span: rule.span } : { selector, reason, ...rule.span };
  const params = { name: rule.name };
  callRoute(world.server, isFreeze ? 'freezes.put' : 'windows.put', { params, body }).then(
    () => {
      rule.isCertain = rule.isPossible;
    },
    () => {
      rule.isPossible = false;
    },
  );
}

/** From the moment it is asked for, nobody can rely on the rule any more. */
export function askToDropRule(world: World): void {
  const certain = world.rules.filter(({ isCertain }) => isCertain);
  if (certain.length === 0) return;
  const rule = world.random.pick(certain);
  rule.isCertain = false;
  const params = { name: rule.name };
  const routeId = rule.kind === 'freeze' ? 'freezes.remove' : 'windows.remove';
  callRoute(world.server, routeId, { params, ifMatch: '*' }).then(
    () => {
      rule.isPossible = false;
    },
    () => undefined,
  );
}
