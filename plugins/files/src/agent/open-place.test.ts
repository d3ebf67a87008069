import assert from 'node:assert/strict';
import { lchown, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { atItsPlace, type FilePlace } from './open-place.ts';
import { replaceFile } from './replace-file.ts';

const SOMEBODY = 65_534;
const own = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const write = (text: string) => async (place: FilePlace) => {
  await replaceFile(place.at, { content: Buffer.from(text), mode: 0o600, ...own });
  return place;
};

async function treeOf(t: TestContext) {
  const root = await mkdtemp(join(tmpdir(), 'place-'));
  t.after(() => rm(root, { recursive: true }));
  const at = (...names: string[]) => join(root, ...names);
  await mkdir(at('etc'));
  await mkdir(at('home'));
  await symlink('../etc', at('home', 'conf'));
  return at;
}

test('what is done to a file stays in the directory that was opened, whatever lies under its name since', async (t) => {
  const at = await treeOf(t);
  await mkdir(at('home', 'real'));

  await atItsPlace(at('home', 'real', 'x.conf'), async (place) => {
    await rename(at('home', 'real'), at('home', 'old'));
    await symlink(at('etc'), at('home', 'real'));
    return write('new')(place);
  });

  assert.equal(await readFile(at('home', 'old', 'x.conf'), 'utf8'), 'new');
  await assert.rejects(readFile(at('etc', 'x.conf')), { code: 'ENOENT' });
});

test('a link of somebody who does not own what it leads to is not followed; those of the host and of the owner are', async (t) => {
  const at = await treeOf(t);
  const path = at('home', 'conf', 'x.conf');
  const followed = await atItsPlace(path, write('by way of the host'));
  if (own.uid !== 0) return;
  await lchown(at('home', 'conf'), SOMEBODY, SOMEBODY);
  const refused = await atItsPlace(path, write('not written'));
  await lchown(at('etc'), SOMEBODY, SOMEBODY);
  const theirs = await atItsPlace(path, write('by way of theirs'));

  assert.equal('directory' in followed && followed.directory, at('etc'));
  assert.deepEqual(refused, {
    code: 'FILES_NOT_REGULAR',
    details: { path: at('home', 'conf'), what: 'a link' },
  });
  assert.equal('directory' in theirs && theirs.directory, at('etc'));
  assert.equal(await readFile(at('etc', 'x.conf'), 'utf8'), 'by way of theirs');
});

test('where there is no directory there is no file in it', async (t) => {
  const at = await treeOf(t);
  await writeFile(at('file'), '');

  for (const path of [at('none', 'x.conf'), at('file', 'x.conf')])
    assert.deepEqual(await atItsPlace(path, async (place) => place), { path, at: path, directory: null });
});
