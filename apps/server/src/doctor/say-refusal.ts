import { type AppError, type Language, type Message, renderMessage } from '@pilothouse/contract';
import { kernelDeclarations } from '@pilothouse/kernel';

/** A refusal of the server's rooms in a person's language; empty where no table knows it. */
export function sayRefusal({ code, details }: AppError, language: Language) {
  const row = new Map(Object.entries(kernelDeclarations.errors)).get(code);
  const say = (message: Message | undefined): string =>
    message === undefined ? '' : renderMessage(message, language, details);
  return { code, text: say(row?.title), hint: say(row?.hint) };
}
