import { ProgramFailed } from './program-failed.ts'

export interface PlaceLimits {
  /** So many processes at a time, */
  processes: number
  /** and so many callers who wait for one. */
  waiting: number
}

interface Room {
  taken: number
  waiting: Set<() => void>
}

/** Places for processes, by the backend that they belong to. In memory, per process. */
export function createPlaces() {
  const rooms = new Map<string, Room>()

  function leave(key: string, room: Room): void {
    const [next] = room.waiting
    // The place goes straight to who waits longest: nobody who comes later can take it.
    if (next) next()
    else if (--room.taken === 0) rooms.delete(key)
  }

  /** Resolves with what gives the place back, to be called once. */
  async function take(key: string, limits: PlaceLimits, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const room = rooms.get(key) ?? { taken: 0, waiting: new Set() }
    rooms.set(key, room)
    if (room.taken < limits.processes) room.taken++
    else if (room.waiting.size < limits.waiting) await turn(room, signal)
    else throw new ProgramFailed('overloaded', 'As many programs run, and as many callers wait, as are allowed')
    return () => leave(key, room)
  }

  return { take }
}

function turn(room: Room, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => () => {
      room.waiting.delete(called)
      signal.removeEventListener('abort', gone)
      then()
    }
    const called = settle(resolve)
    const gone = settle(() => reject(signal.reason))
    room.waiting.add(called)
    signal.addEventListener('abort', gone)
  })
}
