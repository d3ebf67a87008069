import { z } from 'zod';
import { HostId } from '../host-id.ts';
import { PageQuery, pageOf } from '../page.ts';
import { ResultGroup, RolloutId } from '../rollout.ts';
import { defineRoute } from '../route.ts';
import { Digest } from '../scalars.ts';
import { OutputBody, Task, TaskState } from '../task.ts';

const Id = z.object({ rolloutId: RolloutId });
const exampleId = { rolloutId: 'r_000000000000000000' };
const read = { kind: 'permission', permission: 'rollouts.read' } as const;

/** What hosts answered, and what they printed. */
export const resultRoutes = {
  tasks: defineRoute({
    id: 'rollouts.tasks.list',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/tasks',
    summary: { en: 'List the tasks of a rollout, in order of host id', zh: '列出发布的任务' },
    access: read,
    params: Id,
    query: PageQuery.extend({ state: TaskState.optional(), hostId: HostId.optional() }),
    response: pageOf(Task),
    errors: ['NOT_FOUND'],
    example: { params: exampleId, query: { limit: '10' } },
  }),
  groups: defineRoute({
    id: 'rollouts.groups.list',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/groups',
    summary: {
      en: 'Results grouped by identical outcome, largest group first',
      zh: '按相同结果分组（大的在前）',
    },
    access: read,
    params: Id,
    query: PageQuery,
    response: pageOf(ResultGroup),
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
  output: defineRoute({
    id: 'rollouts.output.get',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/tasks/{taskId}/output',
    summary: { en: 'Read all that a task printed', zh: '读取任务的全部输出' },
    access: read,
    params: Id.extend({ taskId: z.string().max(64) }),
    response: OutputBody,
    errors: ['NOT_FOUND', 'OUTPUT_NOT_THERE'],
    example: { params: { ...exampleId, taskId: 'r_000000000000000000.0' } },
  }),
  search: defineRoute({
    id: 'rollouts.output.search',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/output-search',
    summary: { en: 'Find text in the outputs of a rollout', zh: '在发布的输出中查找文本' },
    access: read,
    params: Id,
    query: PageQuery.extend({ text: z.string().min(1).max(200) }),
    response: pageOf(
      z.object({
        outputDigest: Digest,
        hostsCount: z.number().int(),
        /** At most 100. */
        hostNames: z.array(z.string()),
        /** The lines that hold it, at most 20, each at most 400 characters. */
        lines: z.array(
          z.object({ stream: z.enum(['stdout', 'stderr']), number: z.number().int(), text: z.string() }),
        ),
      }),
    ),
    errors: ['NOT_FOUND'],
    example: { params: exampleId, query: { text: 'error' } },
  }),
  exportJson: defineRoute({
    id: 'rollouts.export.ndjson',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/export.ndjson',
    summary: { en: 'Export tasks with outcomes and outputs as JSON lines', zh: '以 JSON 行导出结果' },
    access: read,
    params: Id,
    stream: 'application/x-ndjson',
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
  exportCsv: defineRoute({
    id: 'rollouts.export.csv',
    method: 'GET',
    path: '/api/v1/rollouts/{rolloutId}/export.csv',
    summary: { en: 'Export tasks with outcomes and outputs as CSV', zh: '以 CSV 导出结果' },
    access: read,
    params: Id,
    stream: 'text/csv',
    errors: ['NOT_FOUND'],
    example: { params: exampleId },
  }),
};
