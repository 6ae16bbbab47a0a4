import { readFileSync, writeFileSync } from 'node:fs'
import type { Comparison, Result } from './compare.ts'
import { describeMachine } from './machine.ts'

/** One part of RESULTS.md, which a later run replaces as a whole. */
export type Section = { id: string; title: string; command: string; body: string }

const FILE = new URL('../RESULTS.md', import.meta.url)

/** The first of each comparison is the subject; the others are what it is compared with. */
export function comparisonTable(comparisons: Comparison[]): string {
  const rows = comparisons.flatMap(({ title, results }) => {
    const [subject] = results
    return results.map((result, index) => [
      index === 0 ? title : '',
      index === 0 ? `**${result.label}**` : result.label,
      format(result.perSecond, 0),
      `${format(result.slowest, 0)} to ${format(result.fastest, 0)}`,
      subject && index > 0 ? `${format(subject.perSecond / result.perSecond, 2)}x` : '',
      format(result.cpuMs, 3),
      format(result.p50, 1),
      format(result.p99, 1),
    ])
  })
  return table(
    ['row', 'server', 'per second', 'rounds from, to', 'bold vs this', 'CPU ms each', 'p50 ms', 'p99 ms'],
    rows,
  )
}

export function costLines({ results }: Comparison): string {
  return results.map((result) => `- ${result.label}: ${costs(result)}`).join('\n')
}

function costs({ cpuMs, bytesOnWire, databaseBytes }: Result): string {
  const parts = [`${format(cpuMs, 2)} ms of CPU`, `${format(bytesOnWire, 0)} bytes on the wire`]
  if (databaseBytes !== undefined) parts.push(`${format(databaseBytes, 0)} bytes of database`)
  return parts.join(', ')
}

export function table(head: string[], rows: string[][]): string {
  const lines = [head, head.map((_, column) => (column < 2 ? '---' : '---:')), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

export function format(value: number | undefined, digits: number): string {
  if (value === undefined) return '-'
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

export function render({ title, command, body }: Section): string {
  const date = new Date().toISOString().slice(0, 10)
  return `## ${title}\n\n${date}, \`${command}\`, ${describeMachine()}\n\n${body}`
}

export function writeSection(section: Section): void {
  const start = `<!-- ${section.id} -->`
  const end = `<!-- end of ${section.id} -->`
  const fresh = `${start}\n${render(section)}\n${end}`
  const old = readFileSync(FILE, 'utf8')
  const from = old.indexOf(start)
  const to = old.indexOf(end)
  const text =
    from < 0 || to < 0 ? `${old.trimEnd()}\n\n${fresh}\n` : old.slice(0, from) + fresh + old.slice(to + end.length)
  writeFileSync(FILE, text)
}
