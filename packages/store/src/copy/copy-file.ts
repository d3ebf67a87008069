import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { AppError, type Message } from '@pilothouse/contract';
import { LINE_CHARS_MAX } from './copy-lines.ts';

/** Private keys are in it. */
const MODE = 0o600;
const CHARS_AT_ONCE = 256 * 1024;

/** Writes lines into a file compressed with zstd: whole and on the disk under its name, or not at all. */
export async function writeCopyFile<Result>(
  path: string,
  lines: AsyncGenerator<string, Result>,
): Promise<Result> {
  const part = `${path}.part`;
  try {
    const file = createWriteStream(part, { mode: MODE, flush: true });
    const packer = createZstdCompress();
    const written = pipeline(packer, file);
    // What breaks the file is told by the awaited end, also while a line is being waited for.
    written.catch(() => undefined);
    let text = '';
    let next = await lines.next();
    for (; next.done !== true; next = await lines.next()) {
      text += `${next.value}\n`;
      if (text.length < CHARS_AT_ONCE) continue;
      await push(packer, text, written);
      text = '';
    }
    packer.end(text);
    await written;
    // A file of that name from before may have been readable by others.
    await chmod(part, MODE);
    await rename(part, path);
    await syncDirectory(dirname(path));
    return next.value;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function push(packer: Writable, text: string, written: Promise<void>): Promise<void> {
  if (!packer.write(text)) await Promise.race([once(packer, 'drain'), written]);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The lines of such a file. AppError STORE_COPY_DAMAGED when it cannot be read to its end. */
export async function* readCopyFile(path: string): AsyncGenerator<string> {
  const damaged = (problem: Message, cause?: unknown): AppError =>
    new AppError('STORE_COPY_DAMAGED', { path, problem }, { cause });
  const unpacker = createZstdDecompress();
  const file = createReadStream(path);
  const read = pipeline(file, unpacker);
  read.catch(() => undefined);
  unpacker.setEncoding('utf8');
  let rest = '';
  try {
    for await (const piece of unpacker as AsyncIterable<string>) {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARS_MAX)
        throw damaged({ en: 'it has a line without end', zh: '存在没有结尾的行' });
      yield* lines;
    }
    await read;
  } catch (error) {
    if (error instanceof AppError) throw error;
    const words = error instanceof Error ? error.message : String(error);
    throw damaged({ en: `it cannot be unpacked ("${words}")`, zh: `无法解压（“${words}”）` }, error);
  } finally {
    unpacker.destroy();
    file.destroy();
    await finished(file).catch(() => undefined);
  }
  if (rest !== '') throw damaged({ en: 'its last line is cut', zh: '最后一行不完整' });
}
