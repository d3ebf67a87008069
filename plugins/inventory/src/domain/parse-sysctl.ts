import type { ParametersBody } from '../contract.ts';
import { clip, linesOf, type Parsed } from './parsed.ts';

const NAME_LENGTH_MAX = 256;
const VALUE_LENGTH_MAX = 1024;

/** Parameters that a fact must not hold, each with its reason. */
const LEFT_OUT: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /^kernel\.random\./, reason: 'random ids and a pool that moves' },
  { pattern: /^kernel\.(?:hostname|domainname)$/, reason: 'name the host; they are in identity' },
  {
    pattern: /^kernel\.(?:ns_last_pid|tainted|hung_task_detect_count)$/,
    reason: 'counts; taints are in kernel',
  },
  { pattern: /^kernel\.pty\.nr$/, reason: 'counts open terminals' },
  { pattern: /^kernel\.(?:msg|sem|shm)_next_id$/, reason: 'counts System V objects' },
  {
    pattern: /^kernel\.(?:sched_domain|perf_event_max_sample_rate)/,
    reason: 'the kernel moves them by itself',
  },
  { pattern: /^fs\.(?:dentry-state|inode-nr|inode-state|file-nr|aio-nr)$/, reason: 'count objects' },
  { pattern: /^fs\.quota\./, reason: 'counts quota operations' },
  { pattern: /^fs\.binfmt_misc\./, reason: 'several lines each, registered at run time' },
  { pattern: /^dev\.cdrom\.info/, reason: 'a table of drives' },
  { pattern: /nf_conntrack_count$/, reason: 'counts connections' },
  { pattern: /stable_secret$|tcp_fastopen_key$|netdev_rss_key$/, reason: 'secret and unique to the host' },
  {
    pattern: /^net\.ipv[46]\.(?:conf|neigh)\.(?!all\.|default\.)/,
    reason: 'one set an interface; names differ',
  },
  { pattern: /^net\.mpls\.conf\./, reason: 'one set an interface; names differ' },
  { pattern: /^vm\.(?:stat_refresh|numa_stat)$/, reason: 'switches, not settings' },
  { pattern: /^sunrpc\.transports$|^fs\.nfs\.nsm_local_state$/, reason: 'state of mounts' },
];

/** `sysctl -a`: `name = value`. Errors for unreadable names go to stderr and are no lines of this text. */
export function parseSysctl(text: string): Parsed<ParametersBody['parameters']> {
  const found = new Map<string, string>();
  let unknownLines = 0;
  for (const line of linesOf(text)) {
    const match = /^([\w./:@-]+) = ?(.*)$/.exec(line);
    const name = match?.[1];
    if (name === undefined) {
      if (line.trim() !== '') unknownLines += 1;
    } else if (!LEFT_OUT.some(({ pattern }) => pattern.test(name))) {
      const value = (match?.[2] ?? '').replace(/\s+/g, ' ').trim();
      found.set(clip(name, NAME_LENGTH_MAX), clip(value, VALUE_LENGTH_MAX));
    }
  }
  return { value: Object.fromEntries(found), unknownLines };
}
