import fc from 'fast-check'
import { fillPlaceholders } from '../../src/connections/providers/placeholders.ts'
import type { Provider } from '../../src/connections/providers/provider.ts'

/**
 * The entry moved to `origin`, placeholders and all: `https://api.example.com/v1` becomes `<origin>/api.example.com/v1`, and
 * every host that may see the token becomes the host of `origin`.
 */
export function moveTo<P extends Provider>(origin: string, entry: P): P {
  const moved = mapTexts(entry, (text) => text.replace(/^https:\//, origin)) as P
  const { source, api_hosts } = entry
  return { ...moved, ...(api_hosts && { api_hosts: [new URL(origin).host] }), source }
}

/** Every host that the entry may send the token to, as the first part of a path at the origin it was moved to. */
export function hostsOf(entry: Provider): string[] {
  return [...(entry.api_hosts ?? []), entry.api_base_url.split('/')[2] ?? '']
}

/** The entry with values in the place of its placeholders. */
export function fillEntry<P extends Provider>(entry: P, values: Readonly<Record<string, string>>): P {
  return mapTexts(entry, (text) => fillPlaceholders(text, values)) as P
}

/** For each parameter of the entry some value that fits its pattern, always the same. */
export function sampleParameters(entry: Provider): Record<string, string> {
  return Object.fromEntries((entry.parameters ?? []).map(({ name, pattern }) => [name, sampleOf(pattern)]))
}

export function sampleOf(pattern: string): string {
  const arbitrary = fc.stringMatching(new RegExp(`^(?:${pattern})$`), { maxLength: 60 })
  const [sample = ''] = fc.sample(arbitrary, { numRuns: 1, seed: 7 })
  return sample
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapTexts(member, change)]))
}
