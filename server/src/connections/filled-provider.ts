import type { EffectiveProvider } from './effective-provider.ts'
import { fillPlaceholders } from './providers/placeholders.ts'
import type { Provider } from './providers/provider.ts'

/** A provider as it is for one connection: with its parameters and our client in the place of every placeholder. */
export function filledProvider<P extends Provider>(
  { provider, clientId }: EffectiveProvider & { provider: P },
  parameters: Readonly<Record<string, string>>,
): P {
  return filled(provider, { ...parameters, ...(clientId !== null && { client_id: clientId }) }) as P
}

function filled(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return fillPlaceholders(value, values)
  if (Array.isArray(value)) return value.map((item) => filled(item, values))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member, values)]))
}
