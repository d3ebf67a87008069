#!/usr/bin/env node
import { runWithPinnedNode } from './with-pinned-node.mjs';

await runWithPinnedNode('main.ts');
