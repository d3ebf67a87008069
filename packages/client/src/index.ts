/** The typed HTTP client over route contracts, used by command line, console and tests. */
export { type CallInput, type Client, type ClientOptions, type Fetch, ProblemError } from './client.ts';
