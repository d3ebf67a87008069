import { existsSync, readFileSync } from 'node:fs';

/** Whether systemd runs this host; in a container its directory may be there without it. */
export const isSystemdHost = (): boolean =>
  existsSync('/run/systemd/system') && readFileSync('/proc/1/comm', 'utf8').trim() === 'systemd';
