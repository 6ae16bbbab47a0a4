declare global {
  // What `get-nonce` reads, by which Radix's scroll lock gives its style element a nonce.
  var __webpack_nonce__: string | undefined
}

/** Of this page's Content-Security-Policy: what a style element made at run time must carry. */
export const NONCE = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? ''

globalThis.__webpack_nonce__ = NONCE
