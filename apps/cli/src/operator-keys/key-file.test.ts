import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createKeyFile, keyIdOf, readKeyFiles } from './key-file.ts';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const PASSPHRASE = 'four words and more';
let directory: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keys-'));
});
after(() => rm(directory, { recursive: true }));

const isBy = (publicKey: string, text: string, value: string): boolean => {
  const key = Buffer.concat([SPKI_PREFIX, Buffer.from(publicKey, 'base64')]);
  const spki = createPublicKey({ key, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(text), spki, Buffer.from(value, 'base64'));
};

test('a key signs with its passphrase, from a file that its owner alone may read and that holds no key in clear', async () => {
  const made = await createKeyFile({ directory, name: 'laptop', passphrase: PASSPHRASE });
  const [read] = await readKeyFiles(directory, async () => PASSPHRASE);

  assert.ok(read);
  assert.deepEqual([read.keyId, read.publicKey, read.name], [made.keyId, made.publicKey, 'laptop']);
  assert.equal(read.keyId, keyIdOf(read.publicKey));
  assert.ok(isBy(read.publicKey, 'what is signed', await read.sign('what is signed')));
  assert.equal((await stat(read.place)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['laptop.key.json']);
  await assert.rejects(createKeyFile({ directory, name: 'laptop', passphrase: PASSPHRASE }), {
    code: 'CLI_KEY_EXISTS',
  });
});

test('another passphrase, a short one, a swapped public key and a damaged file are refused', async () => {
  const [wrong] = await readKeyFiles(directory, async () => 'another passphrase');
  assert.ok(wrong);
  await assert.rejects(wrong.sign('x'), { code: 'CLI_PASSPHRASE_WRONG' });
  await assert.rejects(createKeyFile({ directory, name: 'short', passphrase: 'short' }), {
    code: 'CLI_PASSPHRASE_SHORT',
  });

  const file = JSON.parse(await readFile(wrong.place, 'utf8'));
  const other = Buffer.alloc(32, 7).toString('base64');
  await writeFile(wrong.place, JSON.stringify({ ...file, publicKey: other }));
  const [swapped] = await readKeyFiles(directory, async () => PASSPHRASE);
  await assert.rejects(swapped?.sign('x') ?? Promise.resolve(), { code: 'CLI_PASSPHRASE_WRONG' });

  await writeFile(wrong.place, JSON.stringify({ ...file, kdf: { ...file.kdf, cost: 2 ** 40 } }));
  await assert.rejects(
    readKeyFiles(directory, async () => PASSPHRASE),
    { code: 'CLI_KEY_FILE_DAMAGED' },
  );
});

test('no directory is no keys', async () => {
  assert.deepEqual(await readKeyFiles(join(directory, 'none'), async () => ''), []);
});
