import { fdatasync } from 'node:fs'

/** Makes what was written to a file durable, off the event loop; all who wait while one sync runs share the next. */
export interface DurableSync {
  /** Resolves once everything written to the file before this call is on the disk. */
  sync(): Promise<void>
}

export function createDurableSync(fd: number): DurableSync {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined

  function start(): Promise<void> {
    running = new Promise<void>((resolve, reject) => {
      fdatasync(fd, (error) => {
        running = undefined
        if (error) reject(error)
        else resolve()
      })
    })
    return running
  }

  return {
    sync() {
      if (!running) return start()
      // The one that runs may have begun before our write: wait for the one after it.
      next ??= running
        .catch(() => {})
        .then(() => {
          next = undefined
          return start()
        })
      return next
    },
  }
}
