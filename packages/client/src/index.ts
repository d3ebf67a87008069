/** The typed HTTP client over route contracts, used by command line, console and tests. */
export type { Patience } from './ask-patiently.ts';
export {
  type CallInput,
  type CancelSignal,
  type Client,
  type ClientOptions,
  type Fetch,
  ProblemError,
} from './client.ts';
export { clientErrors } from './client-errors.ts';
export { collectAll } from './collect-all.ts';
export { createClient } from './create-client.ts';
export { listAll } from './list-all.ts';
export { readEvents, type StreamEvent } from './read-events.ts';
export { LINE_CHARS_MAX, readJsonLines, readLines } from './read-lines.ts';
export { type WatchWorld, watchEvents } from './watch-events.ts';
