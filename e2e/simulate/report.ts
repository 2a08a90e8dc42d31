/** What became of one seed. */
export interface Told {
  seed: number
  /** What was broken, and where. */
  broken: string | null
  /** Where a second run went another way. */
  differs: string | null
  lines: readonly string[]
}

const lastLines = 40

export function reportOf({ seed, broken, differs, lines }: Told): string {
  if (broken === null) return `seed ${seed} ran differently the second time:\n${differs}`
  const replay = `replay it: npm run simulate -- --seed ${seed} --trace`
  return [...lines.slice(-lastLines), `seed ${seed}: ${broken}`, replay, ''].join('\n')
}

export function differenceOf(one: readonly string[], other: readonly string[]): string {
  const at = one.findIndex((line, number) => line !== other[number])
  const show = (lines: readonly string[]) => lines.slice(Math.max(0, at - 3), at + 3).join('\n')
  return `--- first\n${show(one)}\n--- second\n${show(other)}`
}
