import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MASK, redactArguments, redactCommandLine, redactUrls } from './redact-command-line.ts';

const CASES: readonly [string, string][] = [
  ['app --password=hunter2 --port=80', 'app --password=*** --port=80'],
  ['app --db-password hunter2 -v', 'app --db-password *** -v'],
  ['app --passphrase="two words" x', 'app --passphrase="***" x'],
  ['TOKEN=abc123 /usr/bin/app run', 'TOKEN=*** /usr/bin/app run'],
  ['env PGPASSWORD=x psql -h db -p 5432', 'env PGPASSWORD=*** psql -h db -p 5432'],
  ['MYSQL_PWD=x mysqldump all', 'MYSQL_PWD=*** mysqldump all'],
  ['mysql -uroot -phunter2 shop', 'mysql -uroot -p*** shop'],
  ['/usr/bin/mysql -u root -p shop', '/usr/bin/mysql -u root -p shop'],
  ['sshpass -p hunter2 ssh host', 'sshpass -p *** ssh host'],
  ['curl -u me:hunter2 https://a/b', 'curl -u *** https://a/b'],
  ['redis-cli -a hunter2 ping', 'redis-cli -a *** ping'],
  ['git clone https://me:hunter2@git.example/x', 'git clone https://me:***@git.example/x'],
  ['pip install https://abcdef@pypi.example/x', 'pip install https://***@pypi.example/x'],
  ['curl -H "Authorization: Bearer abc.def"', 'curl -H "Authorization: ***"'],
  ['curl -H Authorization: Bearer abcdef', 'curl -H Authorization: ***'],
  ['curl https://a/b?access_token=abc&x=1', 'curl https://a/b?access_token=***&x=1'],
  ['app {"password": "hunter2", "n": 1}', 'app {"password": "***", "n": 1}'],
  [
    'java -Djavax.net.ssl.keyStorePassword=changeit -jar a',
    'java -Djavax.net.ssl.keyStorePassword=*** -jar a',
  ],
  [
    'cd /backup && mysqldump -uroot -phunter2 shop | gzip',
    'cd /backup && mysqldump -uroot -p*** shop | gzip',
  ],
  ['sudo -u postgres mysql -phunter2', 'sudo -u postgres mysql -p***'],
  ["sh -c 'mysql -uroot -phunter2 shop'", "sh -c 'mysql -uroot -p*** shop'"],
  ['sh -c "echo $(mysql -p\'two words\' shop)"', 'sh -c "echo $(mysql -p*** shop)"'],
  ['agent enrol pht1.QWxhZGRpbjpvcGVuc2VzYW1l', 'agent enrol ***'],
];

test('masks secrets by name, place and shape', () => {
  for (const [line, expected] of CASES) assert.equal(redactCommandLine(line), expected);
});

test('leaves what is no secret', () => {
  for (const line of [
    'sshd -D -p 22',
    'mkdir -p /a/b',
    'app --password-file=/etc/app/secret --author=me',
    'mongod --auth --port 27017',
    'nginx: worker process',
    'rsync user@host:/path /backup',
    'node --title=x -c a:b 10.0.0.1:80',
  ]) {
    assert.equal(redactCommandLine(line), line);
  }
});

test('arguments keep their number and their borders', () => {
  const args = ['app', '--secret', 'two words', '--name', 'a b'];

  assert.deepEqual(redactArguments(args), ['app', '--secret', MASK, '--name', 'a b']);
  assert.deepEqual(redactArguments(['sh', '-c', 'cd /  && mysql -phunter2']), [
    'sh',
    '-c',
    'cd /  && mysql -p***',
  ]);
});

test('no password in a named option or a URL survives, whatever it is made of', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9!$%^*+~]{8,40}$/);
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom('--password=', '--api-key=', 'SECRET=', '--token '),
      (value, name) => {
        const marked = `zq${value}`;
        assert.ok(!redactCommandLine(`app ${name}${marked} --end`).includes(marked));
        assert.ok(!redactUrls(`ftp://user:${marked}@host/`).includes(marked));
      },
    ),
  );
});

test('never throws, and takes any text in time that grows with its length', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
      redactCommandLine(text);
    }),
  );
  for (const piece of ['"', "'", '\\"', 'a=', 'a:', 'password="', '://', 'x-key ', '" \\"']) {
    redactCommandLine(piece.repeat(100_000));
  }
});
