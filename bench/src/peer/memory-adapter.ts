import type { Adapter } from 'oidc-provider'
import MemoryAdapter from 'oidc-provider/lib/adapters/memory_adapter.js'
import LRU from 'oidc-provider/lib/helpers/lru.js'

/** The library's own room is for 1,000 entries, so that it would forget codes and tokens under this load. */
const ENTRIES = 5_000_000
const CLOCK_TOLERANCE_S = 15

export function memoryAdapter(): (model: string) => Adapter {
  const store = new LRU({ maxSize: ENTRIES })
  return (model) => new MemoryAdapter(model, store, CLOCK_TOLERANCE_S)
}
