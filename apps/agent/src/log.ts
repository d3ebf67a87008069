export interface AgentLog {
  info(text: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(text: string, fields?: Readonly<Record<string, unknown>>): void;
  error(text: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One line a record on stderr, where systemd's journal picks it up. */
export function createAgentLog(write: (line: string) => void): AgentLog {
  const say =
    (level: string) =>
    (text: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`);
      write(`${level}: ${text}${rest.join('')}\n`);
    };
  return { info: say('info'), warn: say('warn'), error: say('error') };
}
