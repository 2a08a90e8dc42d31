import type { Chance } from './chance.ts'

/** What nobody but the machine may ever read again: it must turn up in no answer and no log line. */
export const plantedSecret = 'sk-planted-5f1e0c'

/** A webhook’s, brought along: who adds the webhook is shown it once. */
export const broughtSecret = `whsec_${Buffer.from('planted-with-a-webhook-abcdefghi').toString('base64')}`

/** What the server holds, by the part of the address under which it is found. */
export interface Known {
  ids: ReadonlyMap<string, readonly string[]>
}

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8xYb2wQ1 me@laptop'
const times = ['2026-10-02T00:00:00Z', '2026-12-31T23:59:59+01:00', '2020-01-01T00:00:00Z', '9999-12-31T23:59:59Z']

/** Things that make sense under these names: what is only drawn from a schema seldom gets past the first check. */
const sensible: Readonly<Record<string, readonly unknown[]>> = {
  provider: ['vast', 'vast_ai', 'runpod', 'lambda_labs'],
  providers: [['vast'], ['runpod', 'vast_ai']],
  offer_id: ['4090', '4090:spot', 'a100', 'NVIDIA A40:SECURE', 'no-such-offer'],
  gpu_model: ['RTX 4090', 'A100', 'H100', 'A40', 'RTX 4080', 'GTX 1'],
  gpu_models: [['RTX 4090'], ['A100', 'A40'], ['H100', 'nonsense']],
  template: ['vllm', 'jupyter', 'comfyui', 'none'],
  image: ['ubuntu:24.04', 'vllm/vllm-openai:latest'],
  region: ['us-east', 'Europe', 'nowhere'],
  regions: [['us-east'], ['us-west', 'asia-east'], []],
  ssh_public_key: [sshKey],
  ssh_key: [sshKey],
  onstart_script: [`export TOKEN=${plantedSecret}`],
  environment: [{ TOKEN: plantedSecret }, { HF_TOKEN: `hf ${plantedSecret}`, MODE: plantedSecret }],
  registry_auth: [
    { username: 'me', password: plantedSecret },
    { server: 'ghcr.io', username: 'me', password: plantedSecret },
  ],
  password: [plantedSecret],
  secret: [broughtSecret],
  api_key: [`${plantedSecret}-of-a-marketplace`],
  ports: [[{ container_port: 8000 }], [{ container_port: 80, protocol: 'http' }, { container_port: 22 }], []],
  health: [{ port: 8000 }, { path: '/health', port: 80, timeout_s: 60 }],
  label: ['train', 'train 2', 'Ω'],
  project: ['default', 'vision', 'speech'],
  status: ['active', 'ready', 'ready,stopped', 'terminated'],
  name: ['ci', 'dashboard', 'laptop', 'spare'],
  expires_at: times,
  from: times,
  until: times,
  command: ['python save.py'],
  url: [
    'https://hooks.example/in',
    'http://127.0.0.1:1/',
    'http://169.254.169.254/latest/',
    'https://user:pass@x.example/',
  ],
  reason: ['the account was closed'],
  confirm: [true],
  machine_id: ['stray-1', 'stray-1', 'vast-1', 'no-such'],
  account: ['main', 'spare'],
  key: ['vision', 'train'],
  instance_id: ['inst_0001000100010001'],
  max_price_per_hour_usd: ['0.50', 2, '0', '1000000'],
  budget_usd: ['20', 5.5, '0.01'],
  limit_usd: ['20', '100.50', 1],
  events: [['*'], ['status', 'alarm']],
  kind: ['status', 'alarm', 'order', 'changed'],
}

/** Sent in the place of something sensible. */
export const nasty: readonly unknown[] = [
  '',
  ' ',
  '\u0000',
  '\r\nSet-Cookie: a=b',
  "' or 1=1 --",
  '"; drop table instances; --',
  '../../etc/passwd',
  '{{7*7}}<script>alert(1)</script>',
  '\u202e\u200b\ufeff',
  '\ud800',
  '💥'.repeat(50),
  'x'.repeat(5_000),
  '__proto__',
  'constructor',
  'NaN',
  '1e999',
  '0x10',
  '-1',
  '99999999999999999999',
  0,
  -1,
  -0.5,
  1e308,
  2 ** 53,
  0.1 + 0.2,
  true,
  false,
  null,
  [],
  {},
  [[[[]]]],
  { toString: 1 },
  [null],
  Array.from({ length: 60 }, () => 'a'),
]

export interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: readonly unknown[]
  const?: unknown
  anyOf?: readonly Schema[]
  oneOf?: readonly Schema[]
  allOf?: readonly Schema[]
  properties?: Readonly<Record<string, Schema>>
  required?: readonly string[]
  additionalProperties?: boolean | Schema
  items?: Schema
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  pattern?: string
  format?: string
}

/** A value that fits a schema, or nearly: patterns are met by what is listed above, else by luck. */
export function valueFor(
  schema: Schema,
  name: string,
  { chance, schemas }: { chance: Chance; schemas: Readonly<Record<string, unknown>> },
): unknown {
  const context = { chance, schemas }
  const known = sensible[name]
  if (known !== undefined && chance.happens(0.85)) return chance.one(known)
  if (schema.$ref !== undefined) {
    return valueFor(schemas[schema.$ref.split('/').at(-1) ?? ''] as Schema, name, context)
  }
  if (schema.const !== undefined) return schema.const
  if (schema.enum !== undefined) return chance.one(schema.enum)
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf
  if (choices !== undefined) return valueFor(chance.one(choices), name, context)
  switch (typeof schema.type === 'string' ? schema.type : schema.type?.[0]) {
    case 'object':
      return objectFor(schema, context)
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 3 } = schema
      const length = chance.whole(minItems, Math.max(minItems, Math.min(maxItems, minItems + 3)))
      return Array.from({ length }, () => valueFor(items, name, context))
    }
    case 'integer':
      return numberFor(schema, chance, 0)
    case 'number':
      return numberFor(schema, chance, 2)
    case 'boolean':
      return chance.happens(0.5)
    case 'null':
      return null
    default:
      return textFor(schema, chance)
  }
}

function objectFor(schema: Schema, context: Parameters<typeof valueFor>[2]): Record<string, unknown> {
  const { chance } = context
  const made: Record<string, unknown> = {}
  const properties = Object.entries(schema.properties ?? {})
  const often = properties.length > 8 ? 0.15 : 0.5
  for (const [name, property] of properties) {
    if (schema.required?.includes(name) || chance.happens(often)) made[name] = valueFor(property, name, context)
  }
  if (typeof schema.additionalProperties === 'object' && chance.happens(0.7)) {
    made[chance.one(['A', 'TOKEN', 'x_1'])] = valueFor(schema.additionalProperties, '', context)
  }
  return made
}

function numberFor({ minimum = 0, maximum = 1000 }: Schema, chance: Chance, digits: number): number {
  if (chance.happens(0.2)) return chance.one([minimum, maximum])
  const most = chance.happens(0.7) ? Math.min(maximum, minimum + 100) : maximum
  return Number((minimum + chance.next() * (most - minimum)).toFixed(digits))
}

function textFor({ format, pattern, minLength = 0, maxLength = 40 }: Schema, chance: Chance): string {
  if (format === 'date-time') return chance.one(times)
  if (pattern?.includes('\\d') && chance.happens(0.9)) return chance.one(['1', '0.5', '12', '100'])
  const length = Math.max(minLength, Math.min(maxLength, chance.whole(1, 12)))
  return Array.from({ length }, () => chance.one([...'abcdefgh0123456789'])).join('')
}
