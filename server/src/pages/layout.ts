import { html, raw } from 'hono/html'
import { STYLE } from './style.ts'

/** A piece of a page. Nothing asynchronous is ever put into one, so it is a string by the time it is read. */
export type Html = ReturnType<typeof html>

export interface Layout {
  title: string
  /** Of the Content-Security-Policy header of the same answer. */
  nonce: string
  head?: Html
  body: Html
  /** Static text of the page's own, made by `compact` at module load. */
  style?: string
  script?: string
}

/** The pointer is the agent, the open ring the identity it steps into. */
const MARK =
  '<circle cx="16" cy="16" r="12.5" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round" pathLength="360" stroke-dasharray="274 86" transform="rotate(88 16 16)"/>'
const POINTER = 'M11 11 27.5 17.2 20.4 20.4 17.2 27.5Z'

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" color="#1f9d78">${MARK}<path fill="#1f9d78" d="${POINTER}"/></svg>`
const ICON_LINK = raw(`<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON)}">`)

export const BRAND = raw(
  `<div class="brand"><svg viewBox="0 0 32 32" aria-hidden="true">${MARK}<path d="${POINTER}"/></svg>Auth Agent</div>`,
)

/** Source keeps its comments and indentation; the wire does not. */
export function compact(source: string): string {
  return source
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/^\s+/gm, '')
    .trimEnd()
}

const BASE_STYLE = compact(STYLE)

/** The document around every page. Strict CSP: nothing without the nonce, no style attribute, no on* handler. */
export function layout({ title, nonce, head, body, style, script }: Layout): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
${ICON_LINK}
<style nonce="${nonce}">${raw(BASE_STYLE)}${style && raw(`\n${style}`)}</style>
${head}</head>
<body>
${body}
${script && html`<script nonce="${nonce}">${raw(script)}</script>\n`}</body>
</html>
`.toString()
}

/** Icons are 24 units square, drawn at 32 in the middle of a ring of 64. */
export function emblem(glyph: string): Html {
  return html`<svg class="emblem" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="29"/><circle class="arc" cx="32" cy="32" r="29" pathLength="100"/><path transform="translate(16 16) scale(1.333)" d="${glyph}"/></svg>`
}

export const GLYPH = {
  pointer: 'M4 4 20 10.5 13 13 10.5 20Z',
  envelope: 'M3 6H21V18H3Z M3 7 12 13.5 21 7',
  person: 'M12 11.5A3.75 3.75 0 1 0 12 4a3.75 3.75 0 0 0 0 7.5Z M4.5 20.5c.8-4 3.6-6 7.5-6s6.7 2 7.5 6',
  check: 'M4.5 12.5 9.5 17.5 19.5 7',
  cross: 'M6 6 18 18 M18 6 6 18',
  clock: 'M12 5V12L16.5 15',
  broken: 'M3 12H8 M16 12H21 M11 8 13 16',
  warning: 'M12 5V13 M12 18V18.1',
  info: 'M12 6V6.1 M12 11V18.5',
} as const

/**
 * JSON that may stand inside a script element, as data or as code: `<` cannot close the element or open a comment in
 * it, and U+2028 and U+2029 are line ends in older JavaScript. https://html.spec.whatwg.org/#restrictions-for-contents-of-script-elements
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
