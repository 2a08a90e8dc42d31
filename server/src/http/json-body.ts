import { HttpError, invalidRequest } from './problem.ts'

/**
 * Reads a body. Nothing of it is quoted in an error: tokens travel in bodies.
 *
 * @throws HttpError when it is not JSON, or holds a key that would be dropped in silence further on
 */
export function jsonFrom(text: string): unknown {
  const value = parsed(text)
  if (holdsKey(value, '__proto__')) throw invalidRequest([{ field: '__proto__', problem: 'is not taken as a name' }])
  return value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const where = /\bposition \d+(?: \(line \d+ column \d+\))?/.exec(String(error))?.[0]
    throw new HttpError(
      'malformed_json',
      where === undefined ? 'the body is not JSON' : `the body is not JSON: something is wrong at ${where}`,
      'send one JSON object; names and texts take double quotes, and nothing follows the last value',
    )
  }
}

/** Without recursion: a body can be nested deeper than the stack is. */
function holdsKey(value: unknown, key: string): boolean {
  const open = [value]
  while (open.length > 0) {
    const one = open.pop()
    if (typeof one !== 'object' || one === null) continue
    if (Object.hasOwn(one, key)) return true
    for (const inner of Object.values(one)) if (typeof inner === 'object') open.push(inner)
  }
  return false
}
