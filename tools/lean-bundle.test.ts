import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leanSource } from './lean-bundle.ts';

test('imports of node’s modules become requires of what is used', () => {
  assert.equal(
    leanSource("import { readFileSync } from 'node:fs';"),
    "const { readFileSync } = require('node:fs');",
  );
  assert.equal(
    leanSource("import {\n  type Socket,\n  connect as dial,\n} from 'node:net';\nx"),
    "const { connect: dial } = require('node:net');\n\n\n\nx",
  );
  assert.equal(leanSource("import * as zlib from 'node:zlib';"), "const zlib = require('node:zlib');");
  assert.equal(
    leanSource("import assert from 'node:assert/strict';"),
    "const assert = require('node:assert/strict');",
  );
});

test('types and all other imports stay', () => {
  const types = "import type { Socket } from 'node:net';\nimport { a } from './node.ts';\n";

  assert.equal(leanSource(types), types);
  assert.equal(leanSource("import { type Socket } from 'node:net';"), '');
  assert.equal(leanSource("import { z } from 'zod';"), "import * as z from 'zod';");
});
