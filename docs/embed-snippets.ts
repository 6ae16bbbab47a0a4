import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const ROOT = new URL('..', import.meta.url)
const MARKED = /(<!-- snippet: (\S+) -->\n```ts\n)[\s\S]*?(```)/g

/** The guides that hold code. */
export function guides(): string[] {
  const inDocs = readdirSync(new URL('docs/', ROOT)).filter((name) => name.endsWith('.md'))
  return ['README.md', 'sdk/README.md', ...inDocs.map((name) => `docs/${name}`)]
}

/** A guide with the code of each marked block taken from the file that its mark names: code that tests run. */
export function embedSnippets(markdown: string): string {
  return markdown.replace(MARKED, (_whole, open: string, path: string, close: string) => {
    const code = readFileSync(new URL(path, ROOT), 'utf8')
    return `${open}${code}${close}`
  })
}

/** `npm run docs`. */
if (process.argv[1] === import.meta.filename)
  for (const guide of guides()) {
    const file = new URL(guide, ROOT)
    const markdown = readFileSync(file, 'utf8')
    const embedded = embedSnippets(markdown)
    if (embedded !== markdown) writeFileSync(file, embedded)
  }
