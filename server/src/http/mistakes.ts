import type { FastifyError } from 'fastify'
import { z } from 'zod'
import type { Mistake } from './problem.ts'

/** One thing that a schema found, as `fastify-type-provider-zod` hands it on. */
type Finding = NonNullable<FastifyError['validation']>[number]

/** What a schema found wrong, by field and in words that say what to send instead. */
export function mistakesFrom(
  findings: readonly Finding[],
  { part, known }: { part: string; known: readonly string[] },
): Mistake[] {
  return findings.flatMap((finding): Mistake[] => {
    const path = finding.instancePath.replace(/^\//, '').replaceAll('/', '.')
    const params = finding.params as { keys?: string[]; issues?: { message: string }[]; expected?: string }
    switch (finding.keyword) {
      case 'unrecognized_keys':
        return (params.keys ?? []).map((key) => ({
          field: path === '' ? key : `${path}.${key}`,
          problem: `is not known here${path === '' ? suggestion(key, known) : ''}`,
        }))
      case 'invalid_key':
        return [{ field: path, problem: params.issues?.[0]?.message ?? 'is not a name that is taken' }]
      default:
        return [{ field: path === '' ? part : path, problem: problemOf(finding, path) }]
    }
  })
}

function problemOf({ message = 'is not valid' }: Finding, path: string): string {
  const whole = path === '' && /expected object, received (?<what>\w+)/.exec(message)?.groups?.what
  if (!whole) return message.replace(/^Invalid (?:input|option): /, '')
  return whole === 'undefined' ? 'is missing: send one JSON object' : `is ${whole}: send one JSON object`
}

function suggestion(key: string, known: readonly string[]): string {
  const near = known.filter((name) => isNear(key.toLowerCase(), name)).slice(0, 3)
  return near.length === 0 ? '' : `; did you mean ${near.join(', ')}?`
}

/** One begins with or contains the other, or they differ in two letters at most. */
function isNear(key: string, name: string): boolean {
  if (key.length < 3) return false
  return name.includes(key) || key.includes(name) || lettersApart(key, name, 2) <= 2
}

/** Levenshtein, given up beyond `most`. */
function lettersApart(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  if (a === '' || b === '') return a.length + b.length
  if (a[0] === b[0]) return lettersApart(a.slice(1), b.slice(1), most)
  if (most === 0) return 1
  const [restA, restB] = [a.slice(1), b.slice(1)]
  return (
    1 +
    Math.min(
      ...[
        [restA, b],
        [a, restB],
        [restA, restB],
      ].map(([x = '', y = '']) => lettersApart(x, y, most - 1)),
    )
  )
}

/** The names of the fields that an object takes. */
export function fieldsOf(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : []
}
