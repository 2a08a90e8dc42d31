/**
 * Judges a Compose file without an engine: by what Compose 2.0 of 2021 knew, and by what keeps this product safe in it.
 *
 * @source github.com/compose-spec/compose-spec, schema/compose-spec.json, as far as our file uses it. What came after 2.0 is
 *         left out on purpose: `name`, `include`, `configs.content`, `env_file` with `required`, `start_interval`, `develop`.
 */

import Ajv from 'ajv'
import { parse } from 'yaml'
import { settings } from '../../server/src/config/settings.ts'

const text = { type: 'string' } as const
const texts = { type: 'array', items: text, uniqueItems: true } as const
const duration = { type: 'string', pattern: '^(\\d+(us|ms|s|m|h))+$' } as const
const textMap = { type: 'object', additionalProperties: { type: ['string', 'null'] } } as const

function strictly(properties: Record<string, unknown>, required: string[] = []): Record<string, unknown> {
  return { type: 'object', additionalProperties: false, properties, required }
}

const service = strictly({
  build: strictly({ context: text, dockerfile: text, target: text, args: textMap }, ['context']),
  image: text,
  init: { type: 'boolean' },
  restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
  stop_grace_period: duration,
  env_file: { anyOf: [text, texts] },
  environment: textMap,
  ports: { type: 'array', items: { type: 'string', pattern: '^([\\d.]+:)?\\d+:\\d+(/(tcp|udp))?$' } },
  networks: texts,
  volumes: texts,
  read_only: { type: 'boolean' },
  tmpfs: texts,
  cap_drop: texts,
  security_opt: texts,
  healthcheck: strictly(
    {
      test: { type: 'array', items: text, minItems: 2 },
      interval: duration,
      timeout: duration,
      start_period: duration,
      retries: { type: 'integer', minimum: 1 },
    },
    ['test'],
  ),
  deploy: strictly({ resources: strictly({ limits: strictly({ cpus: text, memory: text }) }) }),
  logging: strictly({ driver: text, options: textMap }),
})

const schema = strictly(
  {
    services: { type: 'object', additionalProperties: service, minProperties: 1 },
    networks: {
      type: 'object',
      additionalProperties: strictly({
        ipam: strictly({ config: { type: 'array', items: strictly({ subnet: text, gateway: text }) } }),
      }),
    },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
  ['services'],
)

export interface Service {
  env_file?: string
  environment?: Record<string, string>
  ports?: string[]
  networks?: string[]
  volumes?: string[]
  healthcheck?: { test: string[] }
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } }
}

export interface ComposeFile {
  services: Record<string, Service>
  networks?: Record<string, { ipam?: { config?: { subnet: string; gateway: string }[] } }>
  volumes?: Record<string, null>
}

/**
 * @param environment  what `.env` and the shell set
 * @throws Error that names what Compose 2.0 would not take
 */
export function composeFrom(source: string, environment: Readonly<Record<string, string>> = {}): ComposeFile {
  const file = interpolated(parse(source), environment)
  const validate = new Ajv.default({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema)
  if (validate(file)) return file as ComposeFile
  const mistakes = validate.errors?.map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
  throw new Error(`no Compose file of version 2.0:\n${mistakes?.join('\n')}`)
}

/** What Compose would take, and we should not. */
export function dangersIn({ services, networks = {}, volumes = {} }: ComposeFile): string[] {
  const known = new Set(['GPUFLEET_URL', ...settings.flatMap(({ name, aliases = [] }) => [name, ...aliases])])
  return Object.entries(services).flatMap(([name, one]) => {
    const { environment = {}, ports = [], volumes: mounts = [], networks: joined = [] } = one
    const sources = mounts.map((mount) => mount.split(':')[0] ?? '')
    const gateways = joined.flatMap((network) => networks[network]?.ipam?.config?.map(({ gateway }) => gateway) ?? [])
    const keylessFrom = environment.KEYLESS_FROM?.split(',') ?? []
    return [
      ...Object.keys(environment)
        .filter((setting) => !known.has(setting))
        .map((setting) => `${setting} is no setting`),
      ...ports.filter((port) => !port.startsWith('127.0.0.1:')).map((port) => `${port} is published to everybody`),
      ...sources.filter((source) => /^\w/.test(source) && !(source in volumes)).map((source) => `no volume ${source}`),
      ...joined.filter((network) => !(network in networks)).map((network) => `no network ${network}`),
      ...(mounts.some((mount) => mount.split(':')[1] === environment.DATA_DIR) ? [] : ['DATA_DIR is on no volume']),
      ...keylessFrom.filter((from) => !gateways.includes(from)).map((from) => `KEYLESS_FROM ${from} is no gateway`),
      ...(one.healthcheck === undefined ? ['no health check'] : []),
    ].map((danger) => `${name}: ${danger}`)
  })
}

/** `${NAME}` and `${NAME:-default}`, as Compose puts them in. */
function interpolated(value: unknown, environment: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(value)) return value.map((one) => interpolated(one, environment))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, interpolated(one, environment)]))
  }
  if (typeof value !== 'string') return value
  return value.replaceAll(/\$\{(\w+)(?::-([^}]*))?\}/g, (_whole, name: string, otherwise?: string) => {
    const set = environment[name] || otherwise
    if (set === undefined) throw new Error(`\${${name}} has no default: Compose would warn, and put nothing there`)
    return set
  })
}
