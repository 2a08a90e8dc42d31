/** JSON text for columns. Nano-dollars travel as `{"$nanos": "…"}`, so that they come back as what they were. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? { $nanos: item.toString() } : item))
}

/** Reads what `jsonText` wrote. The caller names the type: only our own store writes these columns. */
export function fromJsonText<T>(text: string): T {
  return JSON.parse(text, (_key, item: unknown) => (isNanos(item) ? BigInt(item.$nanos) : item)) as T
}

function isNanos(item: unknown): item is { $nanos: string } {
  if (typeof item !== 'object' || item === null || !('$nanos' in item)) return false
  return Object.keys(item).length === 1 && /^-?\d+$/.test(String(item.$nanos))
}
