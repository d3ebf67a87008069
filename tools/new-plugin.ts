/** `npm run new-plugin -- NAME`: a plugin folder with all its rooms, that passes the checks before anything is added. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const name = process.argv[2] ?? '';
if (!/^[a-z][a-z0-9-]{1,30}$/.test(name)) {
  process.stderr.write(
    'Usage: npm run new-plugin -- NAME   (lower-case letters, digits and dashes, such as "livepatch")\n',
  );
  process.exit(2);
}
const folder = join('plugins', name);
if (existsSync(folder)) {
  process.stderr.write(`${folder} exists already. Choose another name, or remove it first.\n`);
  process.exit(2);
}
const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

const files: Readonly<Record<string, string>> = {
  'package.json': `${JSON.stringify(
    {
      name: `@pilothouse/plugin-${name}`,
      version: '0.1.0',
      private: true,
      license: 'Apache-2.0',
      type: 'module',
      exports: {
        './contract': './src/contract.ts',
        './server': './src/server/index.ts',
        './agent': './src/agent/index.ts',
      },
      dependencies: {
        '@pilothouse/agent-kit': '0.1.0',
        '@pilothouse/contract': '0.1.0',
        '@pilothouse/kernel': '0.1.0',
      },
    },
    null,
    2,
  )}\n`,
  'README.md': `# ${name}

**Purpose.** What a person gets from it.

**Not its purpose.** What it deliberately leaves to others.

**Stores.** Which tables and facts.

**Does to hosts.** Which actions, and how each is undone.

**Limits.** Sizes, counts, what is not supported.
`,
  'src/contract.ts': `/** What ${name} is, as data that server, agent and command line read alike. */
import { definePlugin } from '@pilothouse/contract';

export const ${camel} = definePlugin({
  id: '${name}',
  title: { en: '${name}', zh: '${name}' },
  permissions: {},
  errors: {},
  facts: [],
  actions: [],
  findings: [],
  events: [],
  routes: [],
});
`,
  'src/server/index.ts': `/** The server room of ${name}. */
import { defineServerPlugin } from '@pilothouse/kernel';
import { ${camel} } from '../contract.ts';

export const ${camel}Server = defineServerPlugin({
  spec: ${camel},
  uses: {},
  migrations: null,
  start: () => Promise.resolve({ endpoints: [], reconcilers: [] }),
});
`,
  'src/agent/index.ts': `/** The agent room of ${name}: all that it can see and do on a host. */
import { defineAgentPlugin } from '@pilothouse/agent-kit';

export const ${camel}Agent = defineAgentPlugin({ id: '${name}', collectors: async () => [], actions: [] });
`,
  'test/conformance.test.ts': `import { conformPlugin } from '@pilothouse/testkit';
import { ${camel}Agent } from '../src/agent/index.ts';
import { ${camel} } from '../src/contract.ts';

conformPlugin(${camel}, ${camel}Agent);
`,
};

for (const [path, text] of Object.entries(files)) {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
process.stdout.write(`Made ${folder}. Three lines complete it:
  apps/server/src/plugins.ts   import { ${camel}Server } from '@pilothouse/plugin-${name}/server'
  apps/agent/src/plugins.ts    import { ${camel}Agent } from '@pilothouse/plugin-${name}/agent'
  package-lock.json            npm install (links the new package)
Then: npm test unit && npm run check.  docs/guides/add-a-plugin.md goes on from here.
`);
