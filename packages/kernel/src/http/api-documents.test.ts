import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commonErrors, systemRoutes } from '@pilothouse/contract';
import { createApiDocuments } from './api-documents.ts';
import { catalogueOf } from './problem-answer.ts';

test('the description of the API is made once a language, a route at a time, however many ask', async () => {
  const routes = Object.values(systemRoutes);
  let asked = 0;
  let pauses = 0;
  const documentOf = createApiDocuments({
    catalogue: catalogueOf([commonErrors]),
    version: '1',
    routes: () => {
      asked += 1;
      return routes;
    },
    pause: async () => {
      pauses += 1;
    },
  });

  const [first, second, chinese] = await Promise.all([documentOf('en'), documentOf('en'), documentOf('zh')]);
  const later = await documentOf('en');

  assert.deepEqual({ asked, pauses }, { asked: 2, pauses: 2 * routes.length });
  assert.ok(first === second && first === later && first !== chinese);
  assert.deepEqual(
    Object.keys(JSON.parse(first.openapi).paths),
    routes.map((route) => route.path),
  );
});
