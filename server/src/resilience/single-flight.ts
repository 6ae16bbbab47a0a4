/** Work under a key that is done once for all who ask while it runs. In memory, per process. */
export interface SingleFlight {
  /** Joins what runs under the key, or starts it. Nobody who leaves ends it: it does not belong to any of them. */
  run<T>(key: string, work: () => Promise<T>): Promise<T>
  /** Resolves when nothing runs. */
  idle(): Promise<void>
}

export function createSingleFlight(): SingleFlight {
  const flights = new Map<string, Promise<unknown>>()
  return {
    run<T>(key: string, work: () => Promise<T>): Promise<T> {
      // Whoever shares a key shares its kind of work: the types of one key agree.
      const flying = flights.get(key) as Promise<T> | undefined
      if (flying) return flying
      const flight = work().finally(() => flights.delete(key))
      flights.set(key, flight)
      return flight
    },
    async idle() {
      while (flights.size > 0) await Promise.allSettled(flights.values())
    },
  }
}
