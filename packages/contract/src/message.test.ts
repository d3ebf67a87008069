import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMessage } from './message.ts';

const COUNT = { en: '{hosts} {hosts:host|hosts} done', zh: '已完成 {hosts} 台' };

test('says the singular for one and the plural for every other number', () => {
  assert.equal(renderMessage(COUNT, 'en', { hosts: 1 }), '1 host done');
  assert.equal(renderMessage(COUNT, 'en', { hosts: 0 }), '0 hosts done');
  assert.equal(renderMessage(COUNT, 'en', { hosts: 12 }), '12 hosts done');
  assert.equal(renderMessage(COUNT, 'zh', { hosts: 1 }), '已完成 1 台');
});

test('leaves a placeholder visible whose parameter is absent', () => {
  assert.equal(renderMessage({ en: 'on {host}', zh: '{host} 上' }, 'en'), 'on {host}');
});

test('what may be empty takes the space before it along', () => {
  const text = { en: 'budget "{name}"{ domain}: full', zh: '预算“{name}”{ domain}：已满' };

  assert.equal(renderMessage(text, 'en', { name: 'a', domain: 'r1' }), 'budget "a" r1: full');
  assert.equal(renderMessage(text, 'en', { name: 'a', domain: '' }), 'budget "a": full');
  assert.equal(renderMessage(text, 'zh', { name: 'a', domain: '' }), '预算“a”：已满');
});

test('a kind of thing is named in the language of the reader', () => {
  const text = { en: 'There is no {what} {id}', zh: '不存在{what} {id}' };

  assert.equal(renderMessage(text, 'en', { what: 'host', id: 'x' }), 'There is no host x');
  assert.equal(renderMessage(text, 'zh', { what: 'host', id: 'x' }), '不存在主机 x');
});

test('a list is read as words, its texts in the language of the reader', () => {
  const text = { en: 'Use one of: {ids}', zh: '请使用：{ids}' };
  const ids = ['h_1', { en: 'the first', zh: '第一个' }, 3];

  assert.equal(renderMessage(text, 'en', { ids }), 'Use one of: h_1, the first, 3');
  assert.equal(renderMessage(text, 'zh', { ids }), '请使用：h_1、第一个、3');
});
