import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { ManageFileParameters, manageFile } from '../contract/actions.ts';
import { ManagedPath } from '../contract/managed-path.ts';
import { compareFile, driftOf, type FileState } from './file-state.ts';
import { fillLabels, labelsOfTemplate, namesOfTemplate, renderTemplate } from './render-template.ts';

const digestOf = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
const host = { name: 'web-1', arch: 'x86_64', osId: 'debian', osVersion: '12' };
const file = (text: string, mode = '0644'): Extract<FileState, { kind: 'file' }> => ({
  kind: 'file',
  content: Buffer.from(text),
  mode,
  uid: 0,
  gid: 0,
});
const properties = (now: FileState, wanted: Parameters<typeof compareFile>[2]): string =>
  compareFile('/etc/x', now, wanted, digestOf)
    .map(({ property }) => property)
    .join(',');

test('a template is filled with what the host and the plan know, once and never twice', () => {
  const text = 'name={{ host.name }} {{os.id}}-{{ os.version }} port={{ value.port }}';

  assert.equal(
    renderTemplate(text, { port: '{{ host.arch }}' }, host),
    'name=web-1 debian-12 port={{ host.arch }}',
  );
  assert.deepEqual(namesOfTemplate(text), ['host.name', 'os.id', 'os.version', 'value.port']);
});

test('a template with a name that nobody knows is refused with that name', () => {
  const parse = (content: string, values = {}) =>
    ManageFileParameters.safeParse({ path: '/etc/x', content, isTemplate: true, values });

  assert.ok(parse('{{ value.port }}', { port: '1' }).success);
  assert.match(parse('{{ value.prot }}', { port: '1' }).error?.issues[0]?.message ?? '', /value\.prot/);
  assert.equal(parse('{{ value.constructor }}').success, false);
  assert.ok(ManageFileParameters.safeParse({ path: '/etc/x', content: '{{ anything }}' }).success);
});

test('places of labels become values of the host’s own step, which any agent fills as it fills others', () => {
  const text =
    '{{ label.site }} {{label.rack-no}} {{ label.rack.no }} {{ value.port }} {{ host.name }} {{ label.site }}';
  const values = { port: '1', label_site: 'said by a person' };

  const filled = fillLabels(text, values, { site: 'bj1', 'rack-no': '7', 'rack.no': '{{ host.arch }}' });

  assert.deepEqual(labelsOfTemplate(text), ['site', 'rack-no', 'rack.no']);
  assert.deepEqual(labelsOfTemplate(filled.content), []);
  assert.equal(filled.values['label_site'], 'said by a person');
  assert.equal(renderTemplate(filled.content, filled.values, host), 'bj1 7 {{ host.arch }} 1 web-1 bj1');
  assert.ok(ManageFileParameters.safeParse({ path: '/etc/x', isTemplate: true, ...filled }).success);
});

test('only a template asks for labels', () => {
  const asked = (isTemplate: boolean) =>
    manageFile.perHost?.labels(
      ManageFileParameters.parse({ path: '/etc/x', content: '{{ label.site }}', isTemplate }),
    );

  assert.deepEqual([asked(true), asked(false)], [['site'], []]);
});

test('text without places comes out as it went in', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fc.pre(namesOfTemplate(text).length === 0);
      assert.equal(renderTemplate(text, {}, host), text);
    }),
  );
});

test('only what differs is a change', () => {
  assert.equal(properties(file('a'), file('a')), '');
  assert.equal(properties(file('a'), file('b')), 'content');
  assert.equal(properties(file('a'), { ...file('a', '0600'), uid: 7 }), 'mode,owner');
  assert.equal(properties({ kind: 'absent' }, file('a')), 'exists,content');
  assert.equal(properties(file('a'), { kind: 'absent' }), 'exists');
  assert.equal(properties({ kind: 'absent' }, { kind: 'absent' }), '');
});

test('drift names the worst that is wrong', () => {
  const managed = {
    state: 'present',
    digest: digestOf(Buffer.from('a')),
    mode: '0644',
    uid: 0,
    gid: 0,
  } as const;

  assert.equal(driftOf(managed, file('a'), digestOf), 'none');
  assert.equal(driftOf(managed, file('b', '0600'), digestOf), 'content');
  assert.equal(driftOf(managed, file('a', '0600'), digestOf), 'attributes');
  assert.equal(driftOf(managed, { kind: 'absent' }, digestOf), 'missing');
  assert.equal(driftOf(managed, { kind: 'other', what: 'a link' }, digestOf), 'content');
  assert.equal(driftOf({ ...managed, state: 'absent' }, file('a'), digestOf), 'unexpected');
});

test('paths that leave their place, or lie in the kernel, are refused', () => {
  for (const path of [
    '/etc/../root/x',
    'etc/x',
    '/',
    '/etc/',
    '/proc/1/x',
    '/etc//x',
    '/etc/x\n',
    '/dev/sda',
    '/a/./b',
  ])
    assert.equal(ManagedPath.safeParse(path).success, false, path);
  for (const path of ['/etc/motd', '/srv/..x/y', '/etc/ü ber'])
    assert.ok(ManagedPath.safeParse(path).success, path);
});
