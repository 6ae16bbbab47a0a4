/** Counts what a key holds at a time, so that nobody holds too much of it. In memory, per process. */
export interface Slots {
  /** False when the key has none left. */
  take(key: string): boolean
  give(key: string): void
}

export function createSlots(perKey: number): Slots {
  const taken = new Map<string, number>()
  return {
    take(key) {
      const count = taken.get(key) ?? 0
      if (count >= perKey) return false
      taken.set(key, count + 1)
      return true
    },
    give(key) {
      const count = taken.get(key) ?? 0
      if (count > 1) taken.set(key, count - 1)
      else taken.delete(key)
    },
  }
}
