import { z } from 'zod';
import { ruleText } from './schema-text.ts';

/** Probes of one plan; each runs on every host, several times. */
export const PROBES_MAX = 8;

const common = {
  name: z.string().regex(
    /^[a-z0-9][a-z0-9-]{0,39}$/,
    ruleText({
      en: 'must be the name of a probe: small letters, digits and -',
      zh: '必须是探测的名称：仅限小写字母、数字和 -',
    }),
  ),
  /** Tries until it counts as failing, with `pauseMs` between them. */
  tries: z.number().int().min(1).max(20),
  pauseMs: z.number().int().min(0).max(60_000),
  /** Of one try. */
  timeoutMs: z.number().int().min(100).max(60_000),
};

/**
 * A check that the host makes of itself: before its task, after it, and during a soak. It changes nothing. `command` is
 * arbitrary code, and a plan with such a probe is judged as one with an arbitrary action.
 */
export const Probe = z.discriminatedUnion('kind', [
  z.object({
    ...common,
    kind: z.literal('command'),
    argv: z.array(z.string().max(4096)).min(1).max(64),
    exitCode: z.number().int().min(0).max(255),
  }),
  z.object({
    ...common,
    kind: z.literal('http'),
    /** http or https; the host asks itself or a name it can reach. Certificates are checked unless `isInsecure`. */
    url: z.url({ protocol: /^https?$/ }).max(2048),
    statusMin: z.number().int().min(100).max(599),
    statusMax: z.number().int().min(100).max(599),
    /** Text that the first 64 KiB of the body hold; null: any body. */
    bodyHas: z.string().max(500).nullable(),
    isInsecure: z.boolean(),
  }),
  z.object({
    ...common,
    kind: z.literal('tcp'),
    host: z.string().min(1).max(253),
    port: z.number().int().min(1).max(65_535),
  }),
  z.object({
    ...common,
    kind: z.literal('unit'),
    /** A systemd unit that must be active. */
    unit: z
      .string()
      .regex(
        /^[a-zA-Z0-9@._:\\-]{1,255}$/,
        ruleText({ en: 'must be the name of a systemd unit', zh: '必须是 systemd 单元的名称' }),
      ),
  }),
]);
export type Probe = z.infer<typeof Probe>;

/** What one probe said on one host. `evidence`: status, exit code or error and the start of what it printed. */
export const ProbeResult = z.object({
  name: z.string().max(40),
  isPassing: z.boolean(),
  tries: z.number().int().min(0),
  durationMs: z.number().min(0),
  evidence: z.string().max(1000),
});
export type ProbeResult = z.infer<typeof ProbeResult>;
