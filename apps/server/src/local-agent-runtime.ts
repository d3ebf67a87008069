/** How the agent beside the server is run: as its unit file runs it on every other host, which a test compares. */
export const AGENT_RUNTIME_OPTIONS = ['--max-semi-space-size=1', '--v8-pool-size=1'] as const;
export const AGENT_ENVIRONMENT = {
  UV_THREADPOOL_SIZE: '2',
  MALLOC_ARENA_MAX: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TOP_PAD_: '0',
} as const;
