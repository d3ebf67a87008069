import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { AppError } from '@pilothouse/contract';

/**
 * A local file that is sent as text; `-` is the standard input. Bytes that are no UTF-8 would each become U+FFFD on the way,
 * so such a file is refused. AppError CLI_FILE_UNREADABLE.
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readFile(path === '-' ? '/dev/stdin' : path).catch((cause: NodeJS.ErrnoException) => {
    throw new AppError('CLI_FILE_UNREADABLE', { path, reason: cause.code ?? 'unknown' }, { cause });
  });
  if (isUtf8(bytes)) return bytes.toString('utf8');
  const reason = { en: 'it is not text in UTF-8', zh: '不是 UTF-8 编码的文本' };
  throw new AppError('CLI_FILE_UNREADABLE', { path, reason });
}
