/** How a value is written between single quotes. */
export type Quoting = 'program' | 'shell' | 'none'

const QUOTE: Record<Quoting, (value: string) => string> = {
  program: (value) => value.replaceAll("'", "\\'"),
  shell: (value) => value.replaceAll("'", `'\\''`),
  none: (value) => value,
}

const CONDITION = / @@([\w+]+)$/

/**
 * A template with its values. `{{name}}` is a value; a line that ends in `@@one+other` is there only where all of
 * these hold, so that the templates can be read as the programs they become.
 */
export function fill(
  template: string,
  { values, conditions }: { values: Record<string, string>; conditions: ReadonlySet<string> },
  quoting: Quoting,
): string {
  const holds = (line: string) => {
    const wanted = CONDITION.exec(line)?.[1]?.split('+') ?? []
    return wanted.every((condition) => conditions.has(condition))
  }
  return template
    .split('\n')
    .filter(holds)
    .map((line) =>
      line.replace(CONDITION, '').replace(/\{\{(\w+)\}\}/g, (_, name) => QUOTE[quoting](values[name] ?? '')),
    )
    .join('\n')
    .trim()
}
