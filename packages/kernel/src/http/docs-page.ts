import { defineMessages, type Language, type Route } from '@pilothouse/contract';
import { escapeHtml, type HtmlPage } from './html-page.ts';
import type { OpenapiOptions } from './openapi.ts';

const texts = defineMessages({
  title: { en: 'Pilothouse API', zh: 'Pilothouse API 文档' },
  filter: { en: 'Filter: path, id or text', zh: '筛选：路径、标识或文字' },
  needs: { en: 'Needs', zh: '需要' },
  signedIn: { en: 'being signed in', zh: '已登录' },
  nobody: { en: 'Open to everybody', zh: '对所有人开放' },
  document: { en: 'OpenAPI 3.1 document', zh: 'OpenAPI 3.1 文档' },
});

/** The API as a page to read and filter, from the OpenAPI document of the same routes. Works without script, too. */
export function docsPage(options: OpenapiOptions, document: Record<string, unknown>): HtmlPage {
  const { language } = options;
  const groups = Map.groupBy(options.routes, (route) => route.id.split('.')[0] ?? '');
  const sections = [...groups].map(
    ([name, routes]) =>
      `<section><h2>${escapeHtml(name)}</h2>${routes.map((route) => routeHtml(route, document, language)).join('')}</section>`,
  );
  return {
    language,
    title: texts.title[language],
    style: STYLE,
    script: SCRIPT,
    body: `<header><h1>${texts.title[language]}</h1><p><a href="/api/v1/openapi.json">${texts.document[language]}</a> · ${escapeHtml(options.version)}</p>
<input id="filter" type="search" placeholder="${texts.filter[language]}" aria-label="${texts.filter[language]}"></header>
<main>${sections.join('')}</main>`,
  };
}

function routeHtml(route: Route, document: Record<string, unknown>, language: Language): string {
  // The document is openapiOf's, which has every route under its path and method.
  const paths = document['paths'] as Record<string, Record<string, unknown>>;
  const operation = paths[route.path]?.[route.method.toLowerCase()];
  const text = escapeHtml(JSON.stringify(operation, null, 2));
  return `<details id="${escapeHtml(route.id)}" data-text="${escapeHtml(`${route.path} ${route.id} ${route.summary[language]}`.toLowerCase())}">
<summary><b class="${route.method}">${route.method}</b> <code>${escapeHtml(route.path)}</code> <span>${escapeHtml(route.summary[language])}</span></summary>
<p>${escapeHtml(needsOf(route, language))}</p><pre>${text}</pre></details>`;
}

function needsOf(route: Route, language: Language): string {
  if (route.access.kind === 'public') return texts.nobody[language];
  const what = route.access.kind === 'signed-in' ? texts.signedIn[language] : route.access.permission;
  return `${texts.needs[language]}: ${what}`;
}

const STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:0 auto;padding:1.5rem}
h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box}
details{border-bottom:1px solid #8884;padding:.35rem 0}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.2rem;font:600 12px ui-monospace,monospace}
summary span{opacity:.75;margin-left:.5rem}
.GET{color:#1a7f37}.POST{color:#0969da}.PUT,.PATCH{color:#9a6700}.DELETE{color:#cf222e}
pre{overflow:auto;max-height:30rem;background:#8881;padding:.75rem;font-size:12px}
`;

const SCRIPT = `
const filter=document.getElementById('filter');
filter.addEventListener('input',()=>{const text=filter.value.trim().toLowerCase();
for(const route of document.querySelectorAll('details'))route.hidden=!route.dataset.text.includes(text);
for(const section of document.querySelectorAll('section'))section.hidden=!section.querySelector('details:not([hidden])');});
if(location.hash){const route=document.getElementById(decodeURIComponent(location.hash.slice(1)));if(route){route.open=true;route.scrollIntoView();}}
`;
