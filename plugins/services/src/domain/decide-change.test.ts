import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VERBS } from '../contract/actions.ts';
import { decideChange, type Wish } from './decide-change.ts';
import { parseUnitState, type UnitState } from './unit-state.ts';

const SHOWN = `LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
Result=success
CanReload=yes
`;
const running = parseUnitState(SHOWN);
const wish = (verb: Wish['verb'], now = false): Wish => ({ verb, unit: 'nginx.service', now });
const codeOf = (decision: ReturnType<typeof decideChange>): string =>
  decision.kind === 'refused' ? decision.code : decision.changes.map(({ to }) => to).join(',');

test('what is so already is no change', () => {
  const stopped = { ...running, active: 'inactive', enabled: 'disabled' };

  assert.equal(codeOf(decideChange(wish('start'), running)), '');
  assert.equal(codeOf(decideChange(wish('enable', true), running)), '');
  assert.equal(codeOf(decideChange(wish('stop'), stopped)), '');
  assert.equal(codeOf(decideChange(wish('disable', true), stopped)), '');
});

test('each verb names what it changes, and a restart always does', () => {
  const stopped = { ...running, active: 'failed', enabled: 'disabled' };

  assert.equal(codeOf(decideChange(wish('start'), stopped)), 'active');
  assert.equal(codeOf(decideChange(wish('enable', true), stopped)), 'enabled,active');
  assert.equal(codeOf(decideChange(wish('disable', true), running)), 'disabled,inactive');
  assert.equal(codeOf(decideChange(wish('disable'), running)), 'disabled');
  assert.equal(codeOf(decideChange(wish('restart'), running)), 'restarted');
  assert.equal(codeOf(decideChange(wish('reload'), running)), 'reloaded');
});

test('what cannot be is refused with its reason', () => {
  const cases: [Wish, Partial<UnitState>, string][] = [
    [wish('start'), { load: 'not-found' }, 'SERVICES_UNIT_MISSING'],
    [wish('start'), { load: 'masked' }, 'SERVICES_UNIT_MASKED'],
    [wish('stop'), { load: 'masked' }, 'inactive'],
    [wish('reload'), { canReload: false }, 'SERVICES_NOT_RELOADABLE'],
    [wish('reload'), { active: 'inactive' }, 'SERVICES_NOT_ACTIVE'],
    [wish('enable'), { enabled: 'static' }, 'SERVICES_NOT_ENABLEABLE'],
    [{ ...wish('restart'), unit: 'pilothouse-agent.service' }, {}, 'SERVICES_OWN_AGENT'],
    [{ ...wish('reload'), unit: 'pilothouse-agent.service' }, {}, 'reloaded'],
  ];
  for (const [asked, state, expected] of cases)
    assert.equal(codeOf(decideChange(asked, { ...running, ...state })), expected);
});

test('any text of systemctl is read and decided without a crash', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...VERBS), fc.boolean(), (text, verb, now) => {
      decideChange(wish(verb, now), parseUnitState(text));
      decideChange(wish(verb, now), parseUnitState(`LoadState=loaded\n${text}`));
    }),
  );
});
