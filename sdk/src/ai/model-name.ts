/** A model as the two boxes of a settings panel have it. Without a provider, the first that lists the model serves it. */
export interface ModelChoice {
  readonly provider?: string
  readonly model: string
}

const MAX_LENGTH = 500
/** What no name holds: white space and what cannot be seen, since names go into logs and headers. */
const UNSEEN = /[\s\p{C}]/u

/** The choice that a name of a model is: `provider/model`, where the model may have slashes of its own, or bare. */
export function modelChoice(name: string): ModelChoice {
  if (typeof name !== 'string' || name.length > MAX_LENGTH || UNSEEN.test(name) || /^\/|\/$|^$/.test(name))
    throw new TypeError('A model is named provider/model, or model alone; GET /v1/models lists those there are')
  const slash = name.indexOf('/')
  if (slash === -1) return { model: name }
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) }
}

/** What the gateway calls the model that was chosen. */
export function modelName({ provider, model }: ModelChoice): string {
  return provider === undefined ? model : `${provider}/${model}`
}
