import { html } from 'hono/html'
import { BRAND, compact, layout } from './layout.ts'

export interface HomeView {
  nonce: string
  issuer: string
  version: string
  /** Where the sample website runs, when it does. */
  sampleWebsite?: string
}

/** What a person sees who opens a running server in a browser. */
export function homePage({ nonce, issuer, version, sampleWebsite }: HomeView): string {
  return layout({
    title: 'Auth Agent',
    nonce,
    style: HOME_STYLE,
    body: html`<div class="page home">
<header>${BRAND}</header>
<main>
<h1>Where AI agents sign in</h1>
<p class="lead">Auth Agent gives an AI agent one identity, with which it signs in to websites by itself, uses its owner’s accounts without ever holding a password, and calls language models. The people who own the agent see, limit and can revoke all of it in one place.</p>
${sampleWebsite && html`<p class="try">The sample website is at <a href="${sampleWebsite}">${sampleWebsite}</a>. Open it and press <strong>Sign in with Auth Agent</strong>.</p>\n`}<ul class="links card">
<li><a href="${issuer}/console">Console</a><span>Agents, websites, sign-ins as they happen, and how to stop them</span><code>/console</code></li>
<li><a href="${issuer}/docs">Reference</a><span>Every endpoint, with a request to copy</span><code>/docs</code></li>
<li><a href="${issuer}/openapi.json">OpenAPI document</a><span>The same, for tools</span><code>/openapi.json</code></li>
<li><a href="${issuer}/.well-known/openid-configuration">Discovery</a><span>What websites and agents read first</span><code>/.well-known/openid-configuration</code></li>
<li><a href="${issuer}/health">Health</a><span>Whether this server is up, and its version</span><code>/health</code></li>
</ul>
</main>
<footer class="foot"><code>${issuer}</code> runs version ${version}</footer>
</div>`,
  })
}

const HOME_STYLE = compact(`
.home { width: min(100%, 46rem); gap: 2rem; }
.home h1 { font-size: clamp(2rem, 1.4rem + 2.8vw, 3rem); line-height: 1.08; letter-spacing: -0.035em; }
.lead { margin-top: 1.1rem; max-width: 60ch; font-size: 1.125rem; color: var(--soft); }
.try { margin-top: 1.5rem; padding: 0.9rem 1.1rem; border-left: 3px solid var(--accent); border-radius: 4px; background: var(--sunk); }
.links { margin-top: 2rem; list-style: none; }
.links li { display: grid; gap: 0.1rem 1rem; padding: 1rem clamp(1.1rem, 3vw, 1.5rem); }
.links a { font-weight: 600; justify-self: start; }
.links span, .links code { color: var(--soft); font-size: 0.875rem; }
@media (min-width: 40rem) {
  .links li { grid-template-columns: 1fr auto; align-items: baseline; }
  .links code { grid-area: 1 / 2; }
}
`)
