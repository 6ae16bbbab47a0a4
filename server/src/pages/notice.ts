import { html } from 'hono/html'
import { BRAND, compact, emblem, GLYPH, layout } from './layout.ts'

export interface NoticeView {
  nonce: string
  tone: 'error' | 'info' | 'success'
  title: string
  /** What happened. */
  message: string
  /** What to do now. */
  next: string
  link?: { href: string; text: string }
  /** x-request-id, for who asks for help. */
  reference?: string
  /**
   * Goes there by itself. For the answer to a form: browsers hold a redirect of a form's answer to the `form-action` of
   * the page it was on, and the website is not in it; a page that moves on is no redirect.
   */
  continueTo?: string
}

const TONE = {
  error: { tone: 'bad', glyph: GLYPH.warning },
  info: { tone: 'still', glyph: GLYPH.info },
  success: { tone: 'good', glyph: GLYPH.check },
} as const

/** A page with one thing to say: what happened, and what to do. */
export function noticePage({ nonce, tone, title, message, next, link, reference, continueTo }: NoticeView): string {
  return layout({
    title: `Auth Agent: ${title}`,
    nonce,
    style: NOTICE_STYLE,
    head: html`${continueTo && html`<meta http-equiv="refresh" content="0; url=${continueTo}">\n`}`,
    body: html`<div class="page">
<header>${BRAND}</header>
<main class="card" data-tone="${TONE[tone].tone}">
<div class="state">
${emblem(TONE[tone].glyph)}
<div><h1>${title}</h1><p>${message}</p></div>
<p class="next">${next}</p>
${link && html`<p><a class="button" href="${link.href}">${link.text}</a></p>\n`}</div>
</main>
${reference && html`<footer class="foot">Reference <code class="id">${reference}</code></footer>\n`}</div>`,
  })
}

const NOTICE_STYLE = compact(`
.next { color: var(--soft); }
.id { user-select: all; }
`)
