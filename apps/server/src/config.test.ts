import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '@pilothouse/contract';
import fc from 'fast-check';
import { type ConfigSources, readConfig } from './config.ts';
import { helpText } from './help-text.ts';
import { environmentName, settings } from './settings.ts';

const sources = (given: Partial<ConfigSources> & { file?: string } = {}): ConfigSources => ({
  args: [],
  environment: {},
  readFile: () => given.file ?? '',
  isTerminal: false,
  machineNames: () => ['10.0.0.5', 'pilot-1', 'localhost'],
  ...given,
});

function refusal(given: Parameters<typeof sources>[0]): { code: string; details: Record<string, unknown> } {
  try {
    readConfig(sources(given));
  } catch (error) {
    if (isAppError(error)) return { code: error.code, details: { ...error.details } };
    throw error;
  }
  throw new Error('was not refused');
}

test('starts without any setting', () => {
  const config = readConfig(sources());

  assert.equal(config.dataDirectory, './.pilothouse');
  assert.deepEqual(config.listen, { host: '', port: 7443 });
  assert.deepEqual(config.gatewayListen, { host: '', port: 7444 });
  assert.deepEqual(config.names, ['10.0.0.5', 'pilot-1', 'localhost']);
  assert.equal(config.logFormat, 'json');
  assert.equal(config.oidc, null);
});

test('a flag wins over the environment, the environment over the file, under one name', () => {
  const file = JSON.stringify({
    data: '/file',
    listen: '[::1]:1',
    advertise: ['a', 'b'],
    'log-level': 'warn',
  });
  const config = readConfig(
    sources({
      file,
      args: ['--config', '/etc/pilothouse.json', '--listen=127.0.0.1:3'],
      environment: { PILOTHOUSE_LISTEN: ':2', PILOTHOUSE_LOG_LEVEL: 'error' },
    }),
  );

  assert.equal(config.dataDirectory, '/file');
  assert.deepEqual(config.listen, { host: '127.0.0.1', port: 3 });
  assert.deepEqual(config.names, ['a', 'b']);
  assert.equal(config.logLevel, 'error');
});

test('an unknown name is refused with the nearest one, wherever it stands', () => {
  assert.deepEqual(refusal({ args: ['--lisen', ':1'] }), {
    code: 'CONFIG_UNKNOWN',
    details: { where: '--lisen', nearest: '--listen' },
  });
  assert.deepEqual(refusal({ environment: { PILOTHOUSE_GATEWAY_LISTN: ':1' } }), {
    code: 'CONFIG_UNKNOWN',
    details: { where: 'PILOTHOUSE_GATEWAY_LISTN', nearest: 'PILOTHOUSE_GATEWAY_LISTEN' },
  });
  const file = '{"dta": "/x"}';
  assert.deepEqual(refusal({ file, args: ['--config', 'f.json'] }).details, {
    where: 'dta in f.json',
    nearest: 'data',
  });
});

test('a value that makes no sense is refused with the place where it stands', () => {
  assert.equal(refusal({ args: ['--listen', '7443'] }).details['where'], '--listen');
  assert.equal(
    refusal({ environment: { PILOTHOUSE_LISTEN: ':70000' } }).details['where'],
    'PILOTHOUSE_LISTEN',
  );
  assert.equal(refusal({ args: ['--log-level', 'loud'] }).code, 'CONFIG_INVALID');
  assert.deepEqual(refusal({ args: ['--data'] }).details['problem'], { en: 'has no value', zh: '没有值' });
  assert.deepEqual(refusal({ args: ['serve'] }).details['problem'], { en: 'is not a flag', zh: '不是选项' });
  assert.equal(refusal({ file: '[]', args: ['--config', 'f'] }).details['where'], 'f');
  assert.deepEqual(refusal({ file: '{', args: ['--config', 'f'] }).details['problem'], {
    en: 'is not JSON',
    zh: '不是 JSON',
  });
});

test('a store is the embedded one, a file, or PostgreSQL; another is refused without showing its password', () => {
  const storeOf = (text: string) =>
    readConfig(sources({ args: ['--data', '/d'], environment: { PILOTHOUSE_STORE: text } })).store;

  const refused = refusal({ environment: { PILOTHOUSE_STORE: 'mysql://me:secret@db/x' } });

  assert.deepEqual(storeOf(''), { kind: 'sqlite', path: '/d/pilothouse.db' });
  assert.deepEqual(storeOf('sqlite:///x/y.db'), { kind: 'sqlite', path: '/x/y.db' });
  assert.deepEqual(storeOf('postgres://me@db/x'), { kind: 'postgres', url: 'postgres://me@db/x' });
  assert.deepEqual(refused, { code: 'STORE_UNSUPPORTED', details: { store: 'mysql' } });
});

test('names of the other programs of the family are left alone', () => {
  const environment = {
    PILOTHOUSE_SERVER: 'https://x',
    PILOTHOUSE_TOKEN: 't',
    PILOTHOUSE_PASSPHRASE: 'p',
    PILOTHOUSE_AGENT_DATA: '/a',
  };

  assert.doesNotThrow(() => readConfig(sources({ environment })));
});

test('single sign-on needs a client id, maps groups, and calls back the first advertised name', () => {
  const args = ['--oidc-issuer', 'https://sso.example', '--oidc-roles', 'cn=ops,dc=x=operator,audit=reader'];

  assert.equal(refusal({ args }).details['where'], 'oidc-client-id');
  const config = readConfig(
    sources({
      args: [
        '--oidc-issuer',
        'https://sso.example',
        '--oidc-client-id',
        'p',
        '--oidc-roles',
        'ops=operator,audit=reader,ops=reader',
      ],
    }),
  );
  assert.equal(config.oidc?.redirectUrl, 'https://10.0.0.5:7443/api/v1/oidc/callback');
  assert.deepEqual(config.oidc?.rolesByGroup, { ops: ['operator', 'reader'], audit: ['reader'] });
});

test('help names every setting in both languages', () => {
  for (const language of ['en', 'zh'] as const) {
    const text = helpText(language);
    for (const { name } of settings) {
      assert.ok(text.includes(`--${name},`) && text.includes(environmentName(name)), name);
    }
  }
});

test('whatever the arguments, it is a configuration or a refusal with a code', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(...settings.map(({ name }) => `--${name}`), '--listen=', ':1', '[::]:2', 'a=b'),
  );
  fc.assert(
    fc.property(fc.array(word), (args) => {
      try {
        readConfig(sources({ args, readFile: () => '{}' }));
      } catch (error) {
        assert.ok(isAppError(error), String(error));
      }
    }),
  );
});

test('proxies before the gateway are addresses and networks, and none unless they are named', () => {
  const given = ['10.0.0.7', '10.1.0.0/16', '2001:db8::/32'];
  const config = readConfig(
    sources({ file: JSON.stringify({ 'gateway-proxy-protocol': given }), args: ['--config', 'f'] }),
  );

  assert.deepEqual(config.gatewayProxies, given);
  assert.deepEqual(readConfig(sources()).gatewayProxies, []);
  for (const wrong of ['lb.example', '10.0.0.0/33', '10.0.0.0/', '10.0.0.1,true', '10.0.0.1-9'])
    assert.equal(refusal({ args: ['--gateway-proxy-protocol', wrong] }).code, 'CONFIG_INVALID', wrong);
});
