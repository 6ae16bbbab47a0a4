import { CONTEXT_NAMES, isReserved } from './request-context.ts'

const NAMES: ReadonlySet<string> = new Set(CONTEXT_NAMES)

/**
 * The request without what no caller says: reserved names in a `requestContext`, wherever in the body it stands.
 * Mastra merges those of the top before its middleware runs, and others after it. The same request, if there are none.
 */
export async function withoutReservedNames(request: Request): Promise<Request> {
  if (request.body === null) return request
  if (request.bodyUsed) throw new Error('The body has been read: give this middleware before whatever reads it')
  const isForm = request.headers.get('content-type')?.includes('multipart/form-data') ?? false
  const body = isForm ? await cleanedForm(request) : cleanedJson(await request.clone().text())
  return body === undefined ? request : withBody(request, body)
}

function withBody({ url, method, headers, signal }: Request, body: string | FormData): Request {
  const kept = new Headers(headers)
  kept.delete('content-length')
  // A form has its own boundary.
  if (typeof body !== 'string') kept.delete('content-type')
  return new Request(url, { method, headers: kept, body, signal })
}

/** Mastra reads each field as JSON where it can. Undefined: nothing was to be taken out, or it is no form, to anybody. */
async function cleanedForm(request: Request): Promise<FormData | undefined> {
  const form = await request
    .clone()
    .formData()
    .catch(() => undefined)
  if (!form) return undefined
  const cleaned = new FormData()
  let changed = false
  for (const [name, value] of form) {
    const clean = typeof value === 'string' ? cleanedJson(value, name) : undefined
    if (clean !== undefined) changed = true
    if (typeof value === 'string') cleaned.append(name, clean ?? value)
    else cleaned.append(name, value)
  }
  return changed ? cleaned : undefined
}

/** Undefined: nothing was to be taken out, or it is no JSON, which nobody merges. `name` is what the whole is called. */
export function cleanedJson(text: string, name = ''): string | undefined {
  let changed = false
  const clean = (key: string, value: unknown) => {
    if (!NAMES.has(key) || typeof value !== 'object' || value === null) return value
    const cleaned = withoutReserved(value)
    if (cleaned !== value) changed = true
    return cleaned
  }
  try {
    const value = clean(name, JSON.parse(text, clean))
    return changed ? JSON.stringify(value) : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** As an object, or as pairs, which a map can be made of too. */
function withoutReserved(context: object): object {
  if (Array.isArray(context)) {
    const kept = context.filter((pair) => !(Array.isArray(pair) && isReserved(String(pair[0]))))
    return kept.length === context.length ? context : kept
  }
  const entries = Object.entries(context)
  const kept = entries.filter(([key]) => !isReserved(key))
  return kept.length === entries.length ? context : Object.fromEntries(kept)
}
