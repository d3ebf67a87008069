import { createHash } from 'node:crypto';
import type { HttpExchange, StreamAnswer } from './service.ts';

export interface HtmlPage {
  readonly language: 'en' | 'zh';
  readonly title: string;
  readonly style: string;
  /** HTML; whoever makes it escapes what is not its own text. */
  readonly body: string;
  readonly script: string;
}

/**
 * A page of our own, in one answer: no asset from anywhere, and a content security policy that lets exactly its own
 * script and style run, so that text which slipped through unescaped could still do nothing.
 */
export function htmlAnswer(page: HtmlPage, exchange: HttpExchange): StreamAnswer {
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(page.script)}'`,
    `style-src '${hashOf(page.style)}'`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  exchange.setHeader('content-security-policy', policy);
  const language = page.language === 'zh' ? 'zh-CN' : 'en';
  const html = `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(page.title)}</title>
<style>${page.style}</style>
<body>${page.body}<script>${page.script}</script></body>
</html>
`;
  return { stream: oneItem(html) };
}

async function* oneItem(data: string): AsyncGenerator<{ data: string }> {
  yield { data };
}

const hashOf = (text: string): string => `sha256-${createHash('sha256').update(text).digest('base64')}`;

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
