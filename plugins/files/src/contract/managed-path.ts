import { ruleText } from '@pilothouse/contract';
import { z } from 'zod';

/** File systems of the kernel's own: what looks like a file there is none. */
const KERNEL_TREES = /^\/(proc|sys|dev)(\/|$)/;

const CONTROL_MAX = 0x1f;
const DELETE = 0x7f;

/** By code and not by pattern: the class of control characters costs every agent a megabyte of tables. */
function hasControl(path: string): boolean {
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code <= CONTROL_MAX || code === DELETE) return true;
  }
  return false;
}

/** An absolute path without `.`, `..` or empty pieces, outside the kernel's own trees. */
export const ManagedPath = z
  .string()
  .max(4096)
  .regex(/^(\/[^/]+)+$/, ruleText({ en: 'must be an absolute path of a file', zh: '必须是文件的绝对路径' }))
  .refine(
    (path) => !hasControl(path),
    ruleText({ en: 'must not have control characters in it', zh: '不得包含控制字符' }),
  )
  .refine(
    (path) => !path.split('/').some((piece) => piece === '.' || piece === '..'),
    ruleText({ en: 'must not have . or .. in it', zh: '不得包含 . 或 ..' }),
  )
  .refine(
    (path) => !KERNEL_TREES.test(path),
    ruleText({ en: 'must not be below /proc, /sys or /dev', zh: '不得位于 /proc、/sys 或 /dev 之下' }),
  );
