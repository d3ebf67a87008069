import type { Language } from '@pilothouse/contract';
import { docsPage } from './docs-page.ts';
import type { HtmlPage } from './html-page.ts';
import { type OpenapiOptions, openapiOf } from './openapi.ts';

export interface ApiDocument {
  /** JSON. */
  readonly openapi: string;
  readonly page: HtmlPage;
}

export interface ApiDocumentsOptions extends Omit<OpenapiOptions, 'language' | 'routes'> {
  /** Asked at the first request, when all are mounted. */
  readonly routes: () => OpenapiOptions['routes'];
  /** Lets others have their turn. */
  readonly pause: () => Promise<void>;
}

/**
 * The description of the API in each language, made when it is first asked for: half a second of work, which anybody may ask
 * for, so it is done once and a route at a time.
 */
export function createApiDocuments(
  options: ApiDocumentsOptions,
): (language: Language) => Promise<ApiDocument> {
  const made = new Map<Language, Promise<ApiDocument>>();
  const make = async (language: Language): Promise<ApiDocument> => {
    const about = { ...options, routes: options.routes(), language };
    const document = await openapiOf(about, options.pause);
    return { openapi: JSON.stringify(document), page: docsPage(about, document) };
  };
  return (language) => {
    const document = made.get(language) ?? make(language);
    made.set(language, document);
    return document;
  };
}
