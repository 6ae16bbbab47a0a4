import { useState } from 'react'
import { useMe } from '../../me.ts'
import { isPattern, type OfferedModels } from '../../models.ts'

/** What is chosen and typed beside the chat; the next message goes by it. */
export interface Settings {
  provider: string
  /** The model last chosen at each provider. */
  models: Record<string, string>
  system: string
  /** As they are typed; empty: the model's own. */
  temperature: string
  maxTokens: string
}

const NONE: Settings = { provider: '', models: {}, system: '', temperature: '', maxTokens: '' }

/** Of this person, in this browser. */
const placeOf = (userId: string) => `auth-agent-playground:${userId}`

export interface Chosen {
  provider: OfferedModels
  /** '' where nothing is chosen that could be: only patterns are served. */
  model: string
}

/** Outlives a reload. What is not served any more gives way to what is. */
export function useSettings(providers: readonly OfferedModels[]) {
  const { user } = useMe()
  const [settings, setSettings] = useState(() => read(placeOf(user.id)))
  const change = (part: Partial<Settings>) => {
    const next = { ...settings, ...part }
    setSettings(next)
    localStorage.setItem(placeOf(user.id), JSON.stringify(next))
  }
  const chosen = chosenOf(settings, providers)
  return {
    settings,
    chosen,
    change,
    chooseModel: (model: string) =>
      change({ provider: chosen.provider.id, models: { ...settings.models, [chosen.provider.id]: model } }),
  }
}

function chosenOf({ provider: id, models }: Settings, providers: readonly OfferedModels[]): Chosen {
  const provider = providers.find((each) => each.id === id) ?? providers[0]
  if (!provider) throw new TypeError('Somebody serves')
  const last = models[provider.id]
  if (last !== undefined && isServed(last, provider)) return { provider, model: last }
  return { provider, model: provider.models.find((model) => !isPattern(model.id))?.id ?? '' }
}

function isServed(model: string, { models }: OfferedModels): boolean {
  return models.some(({ id }) => id === model || isPattern(id))
}

/** What another version of this page, or a person, has left there is not trusted to be ours. */
function read(place: string): Settings {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(place) ?? '{}')
    if (typeof kept !== 'object' || kept === null) return NONE
    const known = Object.entries(NONE).map(([name, usual]) => {
      const value: unknown = Reflect.get(kept, name)
      return [name, value !== null && typeof value === typeof usual ? value : usual]
    })
    return Object.fromEntries(known) as unknown as Settings
  } catch {
    return NONE
  }
}
