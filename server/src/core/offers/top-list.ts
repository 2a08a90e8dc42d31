/** Keeps the best few of many without sorting the rest: a heap with the worst of them on top. */
export interface TopList<T> {
  /** Whether something that compares like this could still get in. */
  isFull(): boolean
  worst(): T | undefined
  offer(item: T): void
  /** Best first. */
  sorted(): T[]
}

/** @param compare negative when the first is better */
export function createTopList<T>(size: number, compare: (a: T, b: T) => number): TopList<T> {
  const heap: T[] = []

  return {
    isFull: () => heap.length >= size,
    worst: () => heap[0],
    offer(item) {
      if (heap.length < size) {
        heap.push(item)
        rise(heap.length - 1)
      } else if (size > 0 && compare(item, heap[0] as T) < 0) {
        heap[0] = item
        sink(0)
      }
    },
    sorted: () => [...heap].sort(compare),
  }

  function isWorse(a: number, b: number): boolean {
    return compare(heap[a] as T, heap[b] as T) > 0
  }

  function rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!isWorse(at, parent)) return
      swap(at, parent)
      at = parent
    }
  }

  function sink(from: number): void {
    for (let at = from; ; ) {
      let worst = at
      for (const child of [2 * at + 1, 2 * at + 2]) if (child < heap.length && isWorse(child, worst)) worst = child
      if (worst === at) return
      swap(at, worst)
      at = worst
    }
  }

  function swap(a: number, b: number): void {
    const kept = heap[a] as T
    heap[a] = heap[b] as T
    heap[b] = kept
  }
}
