/** Rings when a sign-in moves: for the page that waits for it. */
export const requestTopic = (requestId: string) => `request:${requestId}`

/** Rings when a sign-in moves that an organization sees, and when its agents, websites or people change. */
export const organizationTopic = (orgId: string) => `organization:${orgId}`

/** Rings when a connection has new tokens, or will have none. */
export const connectionTopic = (connectionId: string) => `connection:${connectionId}`

/** Who wants to hear of what, in this process. */
export interface Topics {
  subscribe(topic: string, listener: () => void): () => void
  publish(topic: string): void
  /** Notices may have been missed: everybody looks again. */
  publishAll(): void
  readonly size: number
}

export function createTopics(onFirst: () => void = () => {}, onLast: () => void = () => {}): Topics {
  const listeners = new Map<string, Set<() => void>>()
  let size = 0

  function remove(topic: string, listener: () => void) {
    const set = listeners.get(topic)
    if (!set?.delete(listener)) return
    if (set.size === 0) listeners.delete(topic)
    size--
    if (size === 0) onLast()
  }

  return {
    subscribe(topic, listener) {
      const set = listeners.get(topic) ?? new Set()
      listeners.set(topic, set.add(listener))
      size++
      if (size === 1) onFirst()
      return () => remove(topic, listener)
    },
    publish(topic) {
      for (const listener of [...(listeners.get(topic) ?? [])]) listener()
    },
    publishAll() {
      for (const set of [...listeners.values()]) for (const listener of [...set]) listener()
    },
    get size() {
      return size
    },
  }
}
