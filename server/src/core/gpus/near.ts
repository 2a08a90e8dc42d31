import type { GpuModel } from './gpu.ts'
import { gpuWords } from './gpu-words.ts'

/** Below this likeness a suggestion confuses more than it helps. 1 is equal. */
const leastLikeness = 0.45
const mostSuggestions = 5

/** The closest family names, best first, for "did you mean". */
export function nearest(name: string, models: readonly GpuModel[]): string[] {
  const wanted = gpuWords(name)
  if (wanted.plain === '') return []
  const names = new Set(models.map((model) => model.family))
  return [...names]
    .map((candidate) => ({ candidate, likeness: likeness(name, candidate) }))
    .filter((found) => found.likeness >= leastLikeness)
    .sort((a, b) => b.likeness - a.likeness || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, mostSuggestions)
    .map((found) => found.candidate)
}

/** 0..1: how few letters differ, and how many words are shared. */
function likeness(a: string, b: string): number {
  // A memory size in the name must not make all names with a memory size look alike.
  const letters = Math.max(
    lettersAlike(gpuWords(a).plain, gpuWords(b).plain),
    lettersAlike(gpuWords(a).bare, gpuWords(b).bare),
  )
  const [wordsA, wordsB] = [words(a), words(b)]
  const shared = [...wordsA].filter((word) => wordsB.has(word)).length
  const overlap = shared / Math.max(wordsA.size + wordsB.size - shared, 1)
  return 0.65 * letters + 0.35 * overlap
}

function lettersAlike(a: string, b: string): number {
  return 1 - editDistance(a, b) / Math.max(a.length, b.length, 1)
}

/** Words and numbers apart: `RTX4090` is `rtx` and `4090`. */
function words(text: string): Set<string> {
  const withoutMemory = text.toLowerCase().replace(/\d+ ?gb\b/g, ' ')
  return new Set(withoutMemory.match(/[a-z]+|\d+/g) ?? [])
}

/** Levenshtein: insertions, deletions and replacements. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
