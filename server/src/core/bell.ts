/** A hint that something happened. Losing one costs seconds, never facts: every listener looks for itself. */
export interface Bell {
  ring(): void
  /** Returns the way to stop listening. */
  listen(onRing: () => void): () => void
}

export function createBell(): Bell {
  const listeners = new Set<() => void>()
  return {
    ring: () => {
      for (const onRing of [...listeners]) onRing()
    },
    listen(onRing) {
      listeners.add(onRing)
      return () => void listeners.delete(onRing)
    },
  }
}
