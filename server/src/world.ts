import { openAdminKey } from './accounts/admin-key.ts'
import { createAuth } from './accounts/better-auth.ts'
import { openFirstOrganization } from './accounts/first-organization.ts'
import { createChain } from './audit/chain.ts'
import type { Config } from './config.ts'
import type { Deps } from './context.ts'
import { newId } from './crypto/ids.ts'
import { createKeyRing } from './crypto/key-ring.ts'
import { createRandom, type Random } from './crypto/random.ts'
import { createClientAddress } from './http/client-address.ts'
import { createLogger, type Logger } from './http/log.ts'
import { createMetrics } from './http/metrics.ts'
import { openSigningKeys } from './identity/signing-keys.ts'
import { openMasterKeys } from './master-keys.ts'
import { createSlots } from './resilience/slots.ts'
import { openDatabase } from './storage/open.ts'

const STREAMS_PER_ADDRESS = 500
/** The page opens one; a reload leaves the old one for a moment. */
const STREAMS_PER_REQUEST = 20

/** What the outside hands in; a test gives its own clock, dice and log. */
export interface Outside {
  now?: () => number
  random?: Random
  log?: Logger
}

export interface World {
  deps: Deps
  /** Only when it was made at this very start. */
  adminKey?: string
  /** Ends what never ends by itself; `/ready` says no from here on. */
  drain(): void
  close(): Promise<void>
}

/** Opens everything that a server needs, in order: keys, database, migrations, signing keys, the first organization. */
export async function openWorld(config: Config, outside: Outside = {}): Promise<World> {
  const now = outside.now ?? Date.now
  const random = outside.random ?? createRandom()
  const log = outside.log ?? createLogger(config.logLevel)
  const ring = createKeyRing(openMasterKeys(config, random), random)
  const db = openDatabase(config.databaseUrl, {
    newChain: () => createChain(newId(random, 'chain')),
    now,
    onError: (error) => log.warn({ error }, 'a database connection failed'),
  })
  try {
    await db.migrate()
    const { accessToken, idToken } = config.lifetimes
    const tokenLifetimeMs = Math.max(accessToken, idToken) * 1000
    const signingKeys = await openSigningKeys({ db, ring, now, alg: config.signingAlg, tokenLifetimeMs })
    const orgId = await openFirstOrganization(db, random, now())
    const admin = await openAdminKey({ db, ring, random }, config.adminApiKey)
    const auth = await createAuth({ config, db, ring, random, now, log, orgId }, Date.now)
    const draining = new AbortController()
    const deps: Deps = {
      config,
      db,
      ring,
      signingKeys,
      random,
      now,
      log,
      metrics: createMetrics(),
      clientAddress: createClientAddress(config.trustedProxies),
      orgId,
      adminKeyHash: admin.hash,
      auth,
      streams: { ofAddress: createSlots(STREAMS_PER_ADDRESS), ofRequest: createSlots(STREAMS_PER_REQUEST) },
      draining: draining.signal,
    }
    return {
      deps,
      ...(admin.made !== undefined && { adminKey: admin.made }),
      drain: () => draining.abort(),
      close: () => db.close(),
    }
  } catch (error) {
    await db.close()
    throw error
  }
}
