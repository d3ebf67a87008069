/**
 * Keeps a bundle's memory small where the source need not care.
 *
 * Problem: the agent stays in memory for months, and what it merely names is there with it. An import of one of node's own
 * modules makes a list of everything that the module exports, and so wakes what it loads only when touched: with node:http
 * a whole second HTTP client, 4 MB. Each importing file gets a namespace of getters of its own. `import { z }` names one
 * object that holds the whole validation library.
 *
 * Rule: on the way into a bundle, imports of node's modules become requires of the names that are used, and `z` becomes a
 * namespace whose unused members fall away. The sources stay as they are, and run unbundled as they are.
 */
import { readFileSync } from 'node:fs';
import type { Plugin } from 'esbuild';

const NAMESPACE = 'node-module';

/** Whether an input in the bundler's record is one of node's own modules, and no file. */
export const isOfNode = (input: string): boolean => input.startsWith(`${NAMESPACE}:`);

const leanSources: Plugin = {
  name: 'lean-sources',
  setup(builder) {
    builder.onLoad({ filter: /\/(?:packages|plugins|apps)\/.*\.ts$/ }, ({ path }) => ({
      loader: 'ts',
      contents: leanSource(readFileSync(path, 'utf8')),
    }));
  },
};

export function leanSource(text: string): string {
  return text
    .replace("import { z } from 'zod';", "import * as z from 'zod';")
    .replace(/^import ([^;]*?) from '(node:[\w/]+)';$/gm, (whole, names: string, path: string) => {
      const bound = boundBy(names);
      if (bound === null) return whole;
      // No line is lost, so that what a stack says of a source still holds.
      const lines = '\n'.repeat(whole.split('\n').length - 1);
      return bound === '' ? lines : `const ${bound} = require('${path}');${lines}`;
    });
}

/** What stands left of the equals sign; empty when only types were imported, null when the import is to stay. */
function boundBy(names: string): string | null {
  if (names.startsWith('type ')) return null;
  const all = /^(?:\* as )?(\w+)$/.exec(names)?.[1];
  if (all !== undefined) return all;
  const list = /^\{([^}]*)\}$/.exec(names)?.[1];
  if (list === undefined) return null;
  const values = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
  return values.length === 0 ? '' : `{ ${values.map((name) => name.replace(' as ', ': ')).join(', ')} }`;
}

/** For dependencies that are ES modules and import from node by themselves. */
const builtinsByRequire: Plugin = {
  name: 'builtins-by-require',
  setup(builder) {
    builder.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: NAMESPACE } : { path, external: true },
    );
    builder.onLoad({ filter: /./, namespace: NAMESPACE }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

/** The validation library carries its messages in fifty languages; ours come from our own catalogues. */
const withoutLocales: Plugin = {
  name: 'without-locales',
  setup(builder) {
    builder.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};

export const leanBundle: readonly Plugin[] = [leanSources, builtinsByRequire, withoutLocales];
