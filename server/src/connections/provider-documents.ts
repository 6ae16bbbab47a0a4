import { ApiError } from '../http/errors.ts'
import { OutboundRefused } from '../http/outbound/failure.ts'
import type { Outbound } from '../http/outbound.ts'
import type { Database } from '../storage/database.ts'
import {
  findProviderDocument,
  keepProviderDocument,
  type ProviderDocument,
  saveProviderDocument,
} from '../storage/provider-documents.ts'

/** What providers publish about themselves: discovery documents and key sets. Kept in the database, for all processes. */
export interface ProviderDocuments {
  /** Fresh, or, while its owner cannot be reached, as it was up to a week ago. Throws `provider_unavailable`. */
  read(url: string): Promise<Record<string, unknown>>
  /** As its owner says it now; asked for at most once a minute, else as last known. */
  reread(url: string): Promise<Record<string, unknown>>
}

const FRESH_MS = 3_600_000
/** Stale-if-error has an end: a key that its owner took back must not be good for ever. */
const STALE_MS = 7 * 86_400_000
const RETRY_MS = 60_000
const TIMEOUT_MS = 10_000
const MAX_BYTES = 1_000_000

interface World {
  db: Database
  outbound: Outbound
  now: () => number
}

export function createProviderDocuments(world: World): ProviderDocuments {
  const asked = new Map<string, Promise<Record<string, unknown>>>()

  async function look(url: string, isEnough: Enough): Promise<Record<string, unknown>> {
    const known = await findProviderDocument(world.db.read, url)
    return known && isEnough(known) ? parse(known) : ask(url, isEnough)
  }

  /** One question at a time, however many want the answer. */
  function ask(url: string, isEnough: Enough) {
    const running = asked.get(url)
    if (running) return running
    const asking = askUnlessAnswered(url, isEnough).finally(() => asked.delete(url))
    asked.set(url, asking)
    return asking
  }

  /** Who looked before the last answer was stored finds it now. */
  async function askUnlessAnswered(url: string, isEnough: Enough) {
    const known = await findProviderDocument(world.db.read, url)
    return known && isEnough(known) ? parse(known) : refetch(world, url, known)
  }

  return {
    read: (url) => look(url, ({ fresh_until }) => fresh_until > world.now()),
    reread: (url) => look(url, ({ tried_at }) => tried_at > world.now() - RETRY_MS),
  }
}

type Enough = (known: ProviderDocument) => boolean

async function refetch(world: World, url: string, known: ProviderDocument | undefined) {
  const now = world.now()
  const tried = { tried_at: now, fresh_until: now + RETRY_MS }
  try {
    return await fetchDocument(world, url, known, now)
  } catch (cause) {
    // Trying again would not help.
    if (cause instanceof OutboundRefused) throw new ApiError('provider_misconfigured', cause.message, { cause })
    if (!known || known.fetched_at <= now - STALE_MS)
      throw new ApiError('provider_unavailable', 'The provider does not say how it is to be spoken to; try again', {
        cause,
        headers: { 'Retry-After': '60' },
      })
    await world.db.write(({ trx }) => keepProviderDocument(trx, url, tried))
    return parse(known)
  }
}

async function fetchDocument({ db, outbound }: World, url: string, known: ProviderDocument | undefined, now: number) {
  const response = await outbound.fetch(url, {
    headers: { accept: 'application/json', ...(known?.etag && { 'if-none-match': known.etag }) },
    timeoutMs: TIMEOUT_MS,
    maxBytes: MAX_BYTES,
  })
  const times = { fetched_at: now, tried_at: now, fresh_until: now + FRESH_MS }
  if (response.status === 304 && known) {
    await db.write(({ trx }) => keepProviderDocument(trx, url, times))
    return parse(known)
  }
  const body = await response.text()
  if (response.status !== 200) throw new Error(`Cannot read ${url}: it answered ${response.status}`)
  const document = { url, body, etag: response.headers.get('etag'), ...times }
  const parsed = parse(document)
  await db.write(({ trx }) => saveProviderDocument(trx, document))
  return parsed
}

function parse({ url, body }: Pick<ProviderDocument, 'url' | 'body'>): Record<string, unknown> {
  const value: unknown = JSON.parse(body)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`Cannot read ${url}: it is no JSON object`)
  return value as Record<string, unknown>
}
