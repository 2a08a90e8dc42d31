import type { Secret } from '../core/secret.ts'

/** Keeps secrets out of everything that is written down: log lines, error texts, events. */
export interface Redactor {
  /** From now on this value reads `[secret]` wherever it turns up, also URL-encoded or as base64. */
  register(secret: Secret): void
  text(text: string): string
  /** A copy fit for a log: secrets masked at any depth, errors as plain objects, cycles cut. */
  value(value: unknown): unknown
  /** The same error for other eyes: its name, message, stack and causes without secrets, and nothing else but its code. */
  error(error: unknown): Error
}

export function createRedactor(): Redactor {
  const known = new Set<string>()
  let pattern: RegExp | null = null

  function register(secret: Secret): void {
    const value = secret.reveal()
    // Masking a value of one or two letters would eat the text around it, and would not hide it either.
    if (value.length < shortestSecret || known.has(value)) return
    for (const spelling of spellingsOf(value)) known.add(spelling)
    pattern = null
  }

  function text(input: string): string {
    const withoutPatterns = wellKnownShapes.reduce((result, shape) => result.replace(shape, `$1${mask}`), input)
    if (known.size === 0) return withoutPatterns
    pattern ??= anyOf(known)
    return withoutPatterns.replace(pattern, mask)
  }

  function value(input: unknown): unknown {
    return masked(input, text, [])
  }

  function error(input: unknown): Error {
    return cleanError(input, text, 0)
  }

  return { register, text, value, error }
}

const mask = '[secret]'
const shortestSecret = 4
const deepest = 10

/** Names under which a secret travels, written without `_`, `-` and case. */
const secretKeys = new Set([
  'authorization',
  'proxyauthorization',
  'cookie',
  'setcookie',
  'apikey',
  'password',
  'passwd',
  'secret',
  'token',
  'privatekey',
  // What a renter passes to a machine: tokens are in there.
  'env',
  'envs',
  'environment',
  'imagelogin',
  'registryauth',
  'dockerloginuser',
  'onstart',
  'onstartscript',
  'userdata',
  'startupscript',
])
const secretKeyEndings = ['apikey', 'password', 'secret', 'token']

function isSecretKey(key: string): boolean {
  const plain = key.replace(/[-_\s]/g, '').toLowerCase()
  return secretKeys.has(plain) || secretKeyEndings.some((ending) => plain.endsWith(ending))
}

/** Secrets that nobody registered, recognised by what stands before them: a header, a query string, a JSON text. */
const wellKnownShapes = [
  /\b(authorization["']?\s*[:=]\s*["']?(?:(?:Bearer|Basic|Token)\s+)?)(?!\[secret)[^\s"',;]+/gi,
  // With a digit somewhere, so that prose about bearers stays readable.
  /\b(Bearer\s+)(?=[\w.~+/=-]*\d)[\w.~+/=-]{8,}/gi,
  /([?&](?:[\w-]*(?:api_?key|token|password|secret)|key)=)[^&\s"'<>]+/gi,
  /("[\w-]*(?:api_?key|token|password|secret|authorization|image_login)"\s*:\s*")(?:[^"\\]|\\.)*/gi,
]

function spellingsOf(value: string): string[] {
  return [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1), ...base64Spellings(Buffer.from(value))]
}

/** Alone, and as the start of a longer text, where all but the last one or two letters can be recognised. */
function base64Spellings(bytes: Buffer): string[] {
  const alone = bytes.toString('base64')
  const start = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64')
  return [alone, alone.replace(/=+$/, ''), ...(start.length >= 8 ? [start] : [])]
}

/** Longest first: a secret that starts like another one must not leave its tail behind. */
function anyOf(values: ReadonlySet<string>): RegExp {
  const longestFirst = [...values].sort((a, b) => b.length - a.length)
  return new RegExp(longestFirst.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g')
}

function masked(input: unknown, text: Redactor['text'], path: readonly object[]): unknown {
  if (typeof input === 'string') return text(input)
  if (typeof input === 'bigint') return input.toString()
  if (typeof input === 'function' || typeof input === 'symbol') return `[${typeof input}]`
  if (typeof input !== 'object' || input === null) return input

  if (path.includes(input)) return '[circular]'
  if (path.length >= deepest) return '[deep]'
  const inside = [...path, input]

  if (input instanceof Date) return Number.isNaN(input.getTime()) ? '[invalid date]' : input.toISOString()
  if (input instanceof Uint8Array) return `[${input.byteLength} bytes]`
  if (input instanceof Error) return masked(plainError(input), text, inside)
  if (input instanceof URL) return text(input.href)
  if (input instanceof Set || Array.isArray(input)) return [...input].map((item) => masked(item, text, inside))
  if (hasToJson(input)) return masked(input.toJSON(), text, inside)

  const entries: Iterable<[unknown, unknown]> = input instanceof Map ? input : Object.entries(input)
  const copy: Record<string, unknown> = {}
  for (const [key, item] of entries) {
    const name = String(key)
    copy[text(name)] = isSecretKey(name) && isPresent(item) ? mask : masked(item, text, inside)
  }
  return copy
}

/** Whether a secret is set at all is worth knowing, and not secret. */
function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** `Secret` is one of these: it answers `[secret]`. */
function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function'
}

function plainError(error: Error): Record<string, unknown> {
  const { name, message, stack, cause } = error
  return { ...ownFields(error), name, message, stack, ...(cause === undefined ? {} : { cause }) }
}

/** `code`, `trouble` and the like. */
function ownFields(error: Error): object {
  return { ...error }
}

function cleanError(input: unknown, text: Redactor['text'], depth: number): Error {
  if (!(input instanceof Error)) return new Error(text(String(input)))
  const goesOn = input.cause !== undefined && depth < deepest
  const clean = new Error(text(input.message), goesOn ? { cause: cleanError(input.cause, text, depth + 1) } : {})
  clean.name = input.name
  clean.stack = text(input.stack ?? `${input.name}: ${input.message}`)
  if ('code' in input && typeof input.code === 'string') Object.assign(clean, { code: input.code })
  return clean
}
