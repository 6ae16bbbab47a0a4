import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

/** The charts' library and what only it brings along: a screen without a chart never loads them. */
const CHARTS =
  /node_modules\/(recharts|d3-|victory-vendor|redux|react-redux|@reduxjs|immer|reselect|decimal\.js|es-toolkit)/

/** What every screen needs and what changes only when a dependency does. */
const FRAMEWORK = /node_modules\/(react|react-dom|scheduler|@tanstack)\//

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/console/',
  plugins: [react(), tailwindcss()],
  html: {
    // The server puts the nonce of the answer's Content-Security-Policy in its place.
    cspNonce: '__NONCE__',
  },
  build: {
    target: 'es2022',
    // data: is allowed for images only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'framework', test: FRAMEWORK, priority: 2 },
            { name: 'charts', test: CHARTS, priority: 1 },
          ],
        },
      },
    },
  },
})
