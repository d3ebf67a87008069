import { resultRoutes } from '@pilothouse/contract';
import { type Endpoint, endpoint } from '../http/service.ts';
import { CSV_COLUMNS, csvRow, exportTasks } from './export-results.ts';
import { searchOutputs } from './output-search.ts';
import { listGroups, listTasks, type ResultDeps, readTaskOutput, type Sight } from './results.ts';
import type { ActsDeps } from './rollout-acts.ts';
import { seeRollout } from './sight.ts';

export function resultEndpoints(deps: ActsDeps): Endpoint[] {
  return [
    endpoint(resultRoutes.tasks, async ({ principal, params, query }) =>
      listTasks(deps, await seeRollout(deps, principal, params.rolloutId), query),
    ),
    endpoint(resultRoutes.groups, async ({ principal, params, query }) =>
      listGroups(deps, await seeRollout(deps, principal, params.rolloutId), query),
    ),
    endpoint(resultRoutes.output, async ({ principal, params }) =>
      readTaskOutput(deps, await seeRollout(deps, principal, params.rolloutId), params.taskId),
    ),
    endpoint(resultRoutes.search, async ({ principal, params, query }) =>
      searchOutputs(deps, await seeRollout(deps, principal, params.rolloutId), query),
    ),
    endpoint(resultRoutes.exportJson, async ({ principal, params }) => ({
      stream: jsonLines(deps, await seeRollout(deps, principal, params.rolloutId)),
    })),
    endpoint(resultRoutes.exportCsv, async ({ principal, params }) => ({
      stream: csvLines(deps, await seeRollout(deps, principal, params.rolloutId)),
    })),
  ];
}

async function* jsonLines(deps: ResultDeps, sight: Sight) {
  for await (const { task, output } of exportTasks(deps, sight)) yield { data: { ...task, output } };
}

async function* csvLines(deps: ResultDeps, sight: Sight) {
  yield { data: [...CSV_COLUMNS] as unknown };
  for await (const row of exportTasks(deps, sight)) yield { data: csvRow(row) as unknown };
}
