import { readFileSync, writeFileSync } from 'node:fs'
import { CHAT_AT_ANTHROPIC } from '../server/src/models/anthropic/chat-parameters.ts'
import { MESSAGES_AT_OPENAI } from '../server/src/models/anthropic/messages-parameters.ts'
import { CHAT_AT_AGENT } from '../server/src/models/cli/question.ts'
import type { ParameterTable } from '../server/src/models/parameter-table.ts'
import { FUNCTION_TOOL, REASONING, RESPONSE_AS_CHAT, TEXT } from '../server/src/models/responses/parameters.ts'

const GUIDE = new URL('models-translation.md', import.meta.url)

/** By the name in the guide's mark. */
const TABLES: Readonly<Record<string, ParameterTable>> = {
  'chat-at-anthropic': CHAT_AT_ANTHROPIC,
  'messages-at-openai': MESSAGES_AT_OPENAI,
  'chat-at-agent': CHAT_AT_AGENT,
  'response-as-chat': RESPONSE_AS_CHAT,
  'response-reasoning': REASONING,
  'response-text': TEXT,
  'response-tool': FUNCTION_TOOL,
}

const MARKED = /(<!-- table: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g

export const translationGuide = () => readFileSync(GUIDE, 'utf8')

/** The guide with each marked table as the code has it. Throws for a mark that no table answers to. */
export function embedTables(markdown: string): string {
  return markdown.replace(MARKED, (_whole, open: string, name: string, close: string) => {
    const table = TABLES[name]
    if (!table) throw new Error(`There is no table ${name}`)
    return `${open}${tableOf(table)}${close}`
  })
}

/** Tables that the guide does not show. */
export function untoldTables(markdown: string): string[] {
  return Object.keys(TABLES).filter((name) => !markdown.includes(`<!-- table: ${name} -->`))
}

function tableOf({ who, translated, dropped, unsupported }: ParameterTable): string {
  const rows = [
    ['carried', translated.map(code).join(' '), ''],
    ...Object.entries(dropped).map(([name, why]) => ['left out', code(name), why]),
    ...Object.entries(unsupported).map(([name, { neutral, because }]) => [
      'refused',
      code(name),
      [
        `${who} ${because}`,
        ...(neutral.length > 0 ? [`taken where it is ${neutral.map(json).join(' or ')}`] : []),
      ].join('; '),
    ]),
    ['refused', 'anything else', ''],
  ]
  return ['', '| | parameter | why |', '|---|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`), '', ''].join(
    '\n',
  )
}

const code = (name: string) => `\`${name}\``
const json = (value: unknown) => code(JSON.stringify(value))

/** `npm run docs`. */
if (process.argv[1] === import.meta.filename) writeFileSync(GUIDE, embedTables(translationGuide()))
