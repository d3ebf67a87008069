import { type Endpoint, endpoint, type HttpRequest } from '@pilothouse/kernel';
import * as routes from '../contract/routes.ts';
import { type PlanScriptKernel, planScript } from './plan-script.ts';
import {
  addVersion,
  type By,
  createScript,
  editDraft,
  type LibraryDeps,
  listScripts,
  publishDraft,
  readScript,
  readVersion,
  removeScript,
} from './script-library.ts';

const by = (request: HttpRequest<unknown, unknown, unknown>): By => ({
  actor: request.principal.actor,
  requestId: request.requestId,
});

export const commandsEndpoints = (deps: LibraryDeps, kernel: PlanScriptKernel): Endpoint[] => [
  endpoint(routes.scriptsList, ({ query }) => listScripts(deps, query)),
  endpoint(routes.scriptsGet, ({ params }) => readScript(deps, params.name)),
  endpoint(routes.scriptsCreate, (request) => {
    const { name, ...content } = request.body;
    return createScript(deps, { name, content, by: by(request) });
  }),
  endpoint(routes.scriptsAddVersion, (request) =>
    addVersion(deps, { name: request.params.name, content: request.body, by: by(request) }),
  ),
  endpoint(routes.scriptsEditVersion, (request) =>
    editDraft(deps, {
      ...request.params,
      content: request.body,
      ifMatch: request.ifMatch,
      by: by(request),
    }),
  ),
  endpoint(routes.scriptsPublish, (request) =>
    publishDraft(deps, { ...request.params, ifMatch: request.ifMatch, by: by(request) }),
  ),
  endpoint(routes.scriptsDelete, async (request) => {
    await removeScript(deps, request.params.name, by(request));
    return undefined;
  }),
  endpoint(routes.scriptsPlan, async (request) => {
    const { version, ...run } = request.body;
    const script = await readVersion(deps, request.params.name, version);
    return planScript(kernel, request.principal, { ...run, script });
  }),
];
