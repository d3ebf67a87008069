/** The agent's version, as sessions and `version` say it. */
export const AGENT_VERSION = '0.1.0';
/** Older runtimes lack what the bundle uses. */
export const NODE_MAJOR_MIN = 20;
