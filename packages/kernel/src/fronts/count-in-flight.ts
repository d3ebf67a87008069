import type { IncomingMessage, ServerResponse } from 'node:http';

/** Answers under way that end by themselves: a stream of events does not, and is not waited for. */
export function countInFlight() {
  const open = new Set<ServerResponse>();
  let waiting: (() => void) | null = null;
  const look = (): void => {
    if (open.size === 0) waiting?.();
  };
  return {
    add(request: IncomingMessage, response: ServerResponse): void {
      if (request.headers.accept?.includes('text/event-stream') === true) return;
      open.add(response);
      response.once('close', () => {
        open.delete(response);
        look();
      });
    },
    none: () =>
      new Promise<void>((resolve) => {
        waiting = resolve;
        look();
      }),
  };
}
