import { html } from 'hono/html'
import { BRAND, compact, type Html, layout } from './layout.ts'
import { type Field, type Operation, type Reference, readReference } from './openapi.ts'

export interface ReferenceView {
  nonce: string
  /** An OpenAPI 3.1 document. */
  document: Record<string, unknown>
}

/** The contract, to read. Anchors and headings only, so that it works without JavaScript and prints. */
export function referencePage({ nonce, document }: ReferenceView): string {
  const reference = readReference(document)
  return layout({
    title: `${reference.title || 'Reference'} ${reference.version}`.trim(),
    nonce,
    style: REFERENCE_STYLE,
    body: html`<a class="skip" href="#operations">Skip to the operations</a>
<div class="reference">
${navigation(reference)}
<main id="operations" tabindex="-1">
<header class="intro"><h1>${reference.title || 'Reference'}</h1>${reference.version && html`<p class="soft">Version ${reference.version}</p>`}${prose(reference.description)}</header>
${reference.tags.map(
  (tag) => html`<section aria-labelledby="${tagId(tag.name)}">
<h2 id="${tagId(tag.name)}">${tag.name}</h2>
${prose(tag.description)}
${tag.operations.map(operationArticle)}
</section>
`,
)}</main>
</div>`,
  })
}

function navigation({ tags }: Reference): Html {
  return html`<nav aria-label="Operations">
${BRAND}
${tags.map(
  (tag) => html`<div class="group"><a href="#${tagId(tag.name)}">${tag.name}</a>
<ul>${tag.operations.map(({ id, method, path }) => html`<li><a href="#${id}"><span class="method ${method.toLowerCase()}">${method}</span><span class="path">${path}</span></a></li>`)}</ul></div>
`,
)}</nav>`
}

function operationArticle(operation: Operation): Html {
  const { id, method, path, summary, description, deprecated, security, parameters, body, responses, curl } = operation
  const answers = responses.find((response) => response.status.startsWith('2') && response.fields.length > 0)
  return html`<article aria-labelledby="${id}">
<h3 id="${id}"><a href="#${id}"><span class="method ${method.toLowerCase()}">${method}</span> <span class="path">${path}</span></a></h3>
<div class="columns">
<div class="said">
${deprecated && html`<p><strong>Deprecated.</strong></p>\n`}${summary && html`<p class="summary">${summary}</p>\n`}${prose(description)}
<p class="soft small">${security.length > 0 ? `Needs ${security.join(', or ')}.` : 'Anyone may call this.'}</p>
${parameters.length > 0 && fieldTable('Parameters', parameters)}${body && html`${fieldTable('Request body', body.fields)}<p class="soft small">${body.mediaTypes.join(', ')}${!body.required && '; may be left out'}</p>\n`}
<h4>Responses</h4>
<dl class="responses">${responses.map(({ status, description }) => html`<div><dt>${status}</dt><dd>${inline(description)}</dd></div>`)}</dl>
${answers && fieldTable(`Answer ${answers.status}`, answers.fields)}</div>
<figure><figcaption class="soft small">Example</figcaption><pre tabindex="0" role="region" aria-label="curl, ${method} ${path}"><code>${curl}</code></pre></figure>
</div>
</article>
`
}

function fieldTable(caption: string, fields: Field[]): Html {
  if (fields.length === 0) return html`<h4>${caption}</h4>\n`
  const placed = fields.some((field) => field.in)
  return html`<table>
<caption>${caption}</caption>
<thead><tr><th scope="col">Name</th>${placed && html`<th scope="col">In</th>`}<th scope="col">Type</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${fields.map(
  (
    field,
  ) => html`<tr><th scope="row"><code>${field.name}</code>${field.required && html` <span class="required">required</span>`}</th>${placed && html`<td>${field.in}</td>`}<td>${field.type}</td><td>${inline(field.description)}${field.values.length > 0 && html`<span class="values">One of ${field.values.map((value, at) => html`${at > 0 && ', '}<code>${value}</code>`)}</span>`}</td></tr>
`,
)}</tbody>
</table>
`
}

/** Descriptions are CommonMark; of it, paragraphs and code are what ours use. */
function prose(source: string): Html[] {
  return source
    .split(/\n\s*\n/)
    .filter((paragraph) => paragraph.trim())
    .map((paragraph) => html`<p>${inline(paragraph)}</p>\n`)
}

function inline(source: string): (Html | string)[] {
  return source.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part))
}

function tagId(name: string): string {
  return `tag-${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`
}

const REFERENCE_STYLE = compact(`
html { scroll-behavior: smooth; scroll-padding-top: 1.5rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { background: var(--card); }
h2 { font-size: 1.5rem; letter-spacing: -0.02em; line-height: 1.25; }
h3 { font: 600 1.0625rem/1.4 var(--mono); }
h3 a { color: inherit; text-decoration: none; }
h3 a:hover .path { text-decoration: underline; }
h4, caption { margin: 1.75rem 0 0.4rem; font-size: 0.9375rem; font-weight: 650; text-align: left; }
caption { margin-bottom: 0; padding-bottom: 0.4rem; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; z-index: 1; padding: 0.6rem 1rem; background: var(--card); }
nav { padding: 1.5rem; border-bottom: 1px solid var(--line); background: var(--paper); }
@media (max-width: 61.99rem) { nav { max-height: 45vh; overflow-y: auto; } }
nav ul { list-style: none; }
nav .group { margin-top: 1.25rem; }
nav .group > a { color: var(--ink); font-weight: 650; text-decoration: none; }
nav li a { display: flex; gap: 0.6rem; align-items: baseline; padding: 0.3rem 0; color: var(--soft); font-size: 0.8125rem; text-decoration: none; }
nav a:hover .path, nav .group > a:hover { color: var(--ink); text-decoration: underline; }
.path { font-family: var(--mono); }
.method { display: inline-block; min-width: 3.4rem; font: 700 0.6875rem/1.6 var(--mono); letter-spacing: 0.04em; color: var(--soft); }
.method.get { color: var(--accent); }
.method.delete { color: var(--bad); }
.method.post, .method.put, .method.patch { color: var(--ink); }
h3 .method { min-width: 0; margin-right: 0.35rem; padding: 0.1rem 0.5rem; border: 1px solid currentColor; border-radius: 5px; font-size: 0.75rem; vertical-align: 0.1em; }
main { padding: 2rem clamp(1rem, 4vw, 3rem) 5rem; min-width: 0; }
main:focus { outline: none; }
.intro { display: grid; gap: 0.6rem; max-width: 68ch; }
section { margin-top: 3.5rem; }
section > p { max-width: 68ch; margin-top: 0.5rem; color: var(--soft); }
article { margin-top: 1.75rem; padding-top: 1.75rem; border-top: 1px solid var(--line); }
.said { min-width: 0; }
.said > p { max-width: 68ch; margin-top: 0.6rem; }
.summary { font-size: 1.0625rem; font-weight: 550; }
table { width: 100%; margin-top: 1.75rem; border-collapse: collapse; font-size: 0.875rem; }
caption { margin-top: 0; }
th, td { padding: 0.5rem 0.75rem 0.5rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top; font-weight: 400; }
thead th { border-top: 0; padding-bottom: 0.3rem; color: var(--soft); font-size: 0.8125rem; }
th[scope=row] { min-width: 8rem; }
td { min-width: 4.5rem; }
.required { display: block; color: var(--soft); font-size: 0.75rem; }
.values { display: block; color: var(--soft); }
.said code, .intro code, section > p code { padding: 0.08em 0.3em; border-radius: 4px; background: var(--sunk); }
th[scope=row] code { padding: 0; background: none; font-weight: 600; }
.responses > div { display: grid; grid-template-columns: 3.5rem 1fr; padding: 0.35rem 0; border-top: 1px solid var(--line); font-size: 0.875rem; }
.responses dt { font: 600 0.875rem/1.6 var(--mono); }
figure { min-width: 0; margin-top: 1.25rem; }
pre { margin-top: 0.35rem; padding: 1rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; background: var(--sunk); line-height: 1.6; overflow-wrap: normal; }
@media (min-width: 62rem) {
  .reference { display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
  nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; border-bottom: 0; border-right: 1px solid var(--line); }
}
@media (min-width: 80rem) {
  .columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 26rem); gap: 2.5rem; align-items: start; }
  figure { position: sticky; top: 1.5rem; margin-top: 0.75rem; }
}
@media (max-width: 33.99rem) {
  thead { position: absolute; left: -100vw; }
  tr { display: block; padding: 0.6rem 0; border-top: 1px solid var(--line); }
  tbody th, td { display: block; padding: 0.1rem 0; border: 0; }
  .required { display: inline; margin-left: 0.4rem; }
}
@media print { nav { display: none; } .columns { display: block; } }
`)
