/** What of Mastra's `RequestContext`, and of the `RuntimeContext` that it was before, is needed here. */
export interface ContextLike {
  get(key: string): unknown
  set(key: string, value: unknown): void
  delete(key: string): unknown
  keys(): Iterable<string>
}

/** What Mastra hands to a function in the place of a model. */
export interface ModelContext {
  requestContext?: Readable
  runtimeContext?: Readable
}

// Mastra's own are typed by what is in them; `never` lets every such type in.
interface Readable {
  get(key: never): unknown
}

/** What they are called, now and in Mastra before 1.0: on a server's context, and in a body. */
export const CONTEXT_NAMES = ['requestContext', 'runtimeContext'] as const

/** Where the middleware puts what it knows. */
export const USER = 'user'
/** As Mastra calls it. */
export const ORGANIZATION_ID = 'organizationId'
export const ROLE = 'role'
export const MODEL = 'model'

/** Mastra's own names: whose memory it is, and whose the agents are that are stored. */
export const MASTRA_RESOURCE_ID = 'mastra__resourceId'
export const MASTRA_USER = 'mastra__user'

const OWNED: ReadonlySet<string> = new Set([USER, ORGANIZATION_ID, ROLE, MODEL])

/** Names of JavaScript that say something of an object rather than stand in it. */
const OF_PROTOTYPES: ReadonlySet<string> = new Set(['__proto__', 'prototype', 'constructor'])

/** Whether only a server says what stands under this name, and no caller. */
export function isReserved(key: string): boolean {
  return key.startsWith('mastra__') || OWNED.has(key) || OF_PROTOTYPES.has(key)
}

/** The name of a model that the context holds, if any. */
export function modelInContext(contexts: ModelContext, key: string = MODEL): string | undefined {
  for (const name of CONTEXT_NAMES) {
    const held = contexts[name]?.get(key as never)
    if (typeof held === 'string' && held !== '') return held
  }
  return undefined
}

/** The contexts that Mastra has made for this request, by whatever names. */
export function contextsOf(server: { get(key: string): unknown }): ContextLike[] {
  return CONTEXT_NAMES.map((name) => server.get(name)).filter(isContext)
}

function isContext(value: unknown): value is ContextLike {
  const context = value as Partial<Record<keyof ContextLike, unknown>> | null | undefined
  return (['get', 'set', 'delete', 'keys'] as const).every((method) => typeof context?.[method] === 'function')
}
