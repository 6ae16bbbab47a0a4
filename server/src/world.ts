import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openAdminKey } from './accounts/admin-key.ts'
import { createAuth } from './accounts/better-auth.ts'
import { openFirstOrganization } from './accounts/first-organization.ts'
import { createTrustedIssuers } from './accounts/trusted-issuers.ts'
import { createChain } from './audit/chain.ts'
import type { Config } from './config.ts'
import { openBrokerLink } from './connections/broker-link.ts'
import { createCallLimits } from './connections/call-limits.ts'
import { createProviderDocuments } from './connections/provider-documents.ts'
import { providers } from './connections/providers/index.ts'
import type { Provider } from './connections/providers/provider.ts'
import type { Deps } from './context.ts'
import { newId } from './crypto/ids.ts'
import { createKeyRing } from './crypto/key-ring.ts'
import { createRandom, type Random } from './crypto/random.ts'
import { createClientAddress } from './http/client-address.ts'
import { createLogger, type Logger } from './http/log.ts'
import { createMetrics } from './http/metrics.ts'
import { createOutbound } from './http/outbound.ts'
import { openSigningKeys } from './identity/signing-keys.ts'
import { dataDirectory, openMasterKeys } from './master-keys.ts'
import { createBackend } from './models/backends.ts'
import { openFirstProviders } from './models/first-providers.ts'
import { createRefusalTally } from './models/refusal-tally.ts'
import { createModelRegistry } from './models/registry.ts'
import { openPrograms } from './processes/programs.ts'
import { createBreakers } from './resilience/breaker.ts'
import { createSingleFlight } from './resilience/single-flight.ts'
import { createSlots } from './resilience/slots.ts'
import { openDatabase } from './storage/open.ts'

const STREAMS_PER_ADDRESS = 500
/** The page opens one; a reload leaves the old one for a moment. */
const STREAMS_PER_REQUEST = 20

/** A model that is out (requirement 48): twice as long each time that it still is. */
const MODEL_BREAKER = { failures: 5, of: 10, withinMs: 30_000, coolDownMs: 30_000, longestCoolDownMs: 300_000 }

/** A provider's token endpoint that is out is asked again four times a minute. */
const PROVIDER_BREAKER = { failures: 5, of: 10, withinMs: 30_000, coolDownMs: 15_000 }

/** What a provider has not answered by then, another process asks again. */
const FLIGHTS_MS = 5000

/** What the outside hands in; a test gives its own clock, dice and log. */
export interface Outside {
  now?: () => number
  random?: Random
  log?: Logger
  /** In the place of the catalogue. */
  providers?: readonly Provider[]
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
    const outbound = createOutbound({ allow: config.egressAllow })
    const draining = new AbortController()
    const processes = await openPrograms({
      directory: join(dataDirectory(config), 'agents'),
      environment: process.env,
      draining: draining.signal,
      random,
      log,
    })
    const models = createModelRegistry({ db, ring, log }, (provider) =>
      createBackend({ outbound, now, random, log, processes }, provider),
    )
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
      trustedIssuers: createTrustedIssuers({ config, now, log }),
      outbound,
      broker: config.broker.elsewhere && openBrokerLink(config.broker.elsewhere),
      providerDocuments: createProviderDocuments({ db, outbound, now }),
      callLimits: createCallLimits({ config, now }),
      models,
      modelBreakers: createBreakers(MODEL_BREAKER),
      modelRefusals: createRefusalTally(),
      providerBreakers: createBreakers(PROVIDER_BREAKER),
      catalogue: new Map((outside.providers ?? providers).map((entry) => [entry.name, entry])),
      streams: { ofAddress: createSlots(STREAMS_PER_ADDRESS), ofRequest: createSlots(STREAMS_PER_REQUEST) },
      refreshes: createSingleFlight(),
      programs: processes,
      draining: draining.signal,
    }
    if (config.only !== 'broker') await openFirstProviders(deps)
    return {
      deps,
      ...(admin.made !== undefined && { adminKey: admin.made }),
      drain: () => draining.abort(),
      async close() {
        // Tokens that a provider has just given are on their way to the disk.
        await Promise.race([deps.refreshes.idle(), sleep(FLIGHTS_MS, undefined, { ref: false })])
        await models.close()
        await processes.close()
        await db.close()
      },
    }
  } catch (error) {
    await db.close()
    throw error
  }
}
