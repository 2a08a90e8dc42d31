export type Content = Readonly<Record<string, string | number | null>>

/**
 * One text for one row, whatever the order of its columns. Columns without a value are left out, so that a column that is
 * added later changes no text of a row written before.
 */
export function canonicalText(content: Content): string {
  const stated = Object.entries(content).filter(([, value]) => value !== null)
  return JSON.stringify(stated.sort(([one], [other]) => (one < other ? -1 : 1)))
}
