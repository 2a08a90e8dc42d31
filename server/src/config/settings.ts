/**
 * Every setting there is, once: its type, its default and what it is for. `.env.example` and the reference page are made
 * from this list, and nothing else reads the environment.
 */

import { isIP } from 'node:net'
import { z } from 'zod'
import type { ProviderName } from '../core/providers.ts'
import { unknownMachinePolicies } from '../core/reconciliation/finding.ts'
import { Secret } from '../core/secret.ts'

export interface Setting {
  name: string
  /** Other names for the same thing. When two are set and differ, the start stops. */
  aliases?: readonly string[]
  group: string
  description: string
  /** As it would stand in a file; undefined: not set. */
  default?: string
  secret?: boolean
  /** A reload takes it over; others need a restart. */
  live?: boolean
  schema: z.ZodType
}

const flag = z
  .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], { error: 'takes true or false' })
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text))
const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text))
const origin = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'takes an http(s) URL')
  .refine(
    (text) => URL.canParse(text) && new URL(text).href === `${new URL(text).origin}/`,
    'takes an origin without a path: https://host[:port]',
  )
  .transform((text) => new URL(text).origin)
const ports = z
  .string()
  .refine((text) => text.split(',').every((one) => /^\s*\d{1,5}\s*$/.test(one) && Number(one) <= 65535), {
    error: 'takes a port or a comma list of ports, each 0 to 65535',
  })
  .transform((text) => text.split(',').map(Number))
const addresses = z
  .string()
  .refine((text) => text.split(',').every((one) => isIP(one.trim()) !== 0), {
    error: 'takes an IP address or a comma list of them',
  })
  .transform((text) => text.split(',').map((one) => one.trim()))
const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'takes a whole number')
  .transform(Number)

/** Milliseconds; what is below 1000 cannot be meant so, and counts as seconds. */
const milliseconds = (least: number, most: number) =>
  wholeNumber
    .transform((number) => (number < 1_000 ? number * 1_000 : number))
    .refine((ms) => ms >= least && ms <= most, { error: `takes ${least} to ${most} milliseconds` })
const wholeBetween = (least: number, most: number) =>
  wholeNumber.refine((number) => number >= least && number <= most, { error: `takes ${least} to ${most}` })

const words = z
  .string()
  .min(1)
  .transform((text, context): string[] => {
    if (!text.startsWith('[')) return text.split(/\s+/)
    try {
      return z.array(z.string()).min(1).parse(JSON.parse(text))
    } catch {
      context.addIssue({ code: 'custom', message: 'takes words, or a JSON array of texts' })
      return z.NEVER
    }
  })

/** Of the machine that VAST_INSTANCE_ID names. */
function infraVastSettings(group: string): Setting[] {
  return [
    {
      name: 'VAST_HEALTH_PORT',
      group,
      description: 'The port inside the machine that VAST_INSTANCE_ID names at which its health is asked for.',
      default: '8001',
      schema: wholeNumber.refine((port) => port >= 1 && port <= 65_535, 'takes a port from 1 to 65535'),
    },
    {
      name: 'VAST_HEALTH_PATH',
      group,
      description: 'The path of that health check.',
      default: '/health',
      schema: z.string().regex(/^\/\S{0,500}$/, 'takes a path that begins with /'),
    },
    {
      name: 'VAST_WAIT_TIMEOUT_S',
      group,
      description: 'How many seconds `POST /infra/vast/power/on` waits until that machine is healthy.',
      default: '600',
      schema: wholeNumber.refine((seconds) => seconds >= 1 && seconds <= 86_400, 'takes 1 to 86400 seconds'),
    },
    {
      name: 'VAST_AUTO_SHUTDOWN',
      group,
      description:
        'Stops that machine when nobody has reported its use for VAST_AUTO_SHUTDOWN_MINUTES. Its disk is kept.',
      default: 'true',
      schema: flag,
    },
    {
      name: 'VAST_AUTO_SHUTDOWN_MINUTES',
      group,
      description: 'After how many minutes without a report of use that machine is stopped.',
      default: '30',
      schema: wholeNumber.refine((minutes) => minutes >= 1 && minutes <= 525_600, 'takes 1 to 525600 minutes'),
    },
    {
      name: 'VAST_STATE_PATH',
      group,
      description:
        'A JSON file that is kept like the state of that machine, for programs that read it. The truth is in the database.',
      schema: z.string().min(1),
    },
    {
      name: 'VAST_AUDIT_PATH',
      group,
      description:
        'A file to which what happens to that machine is added as lines of JSON. The truth is in the database.',
      schema: z.string().min(1),
    },
  ]
}

interface ProviderSettings {
  name: ProviderName
  title: string
  prefix: string
  keyAliases: readonly string[]
  baseUrl: string
}

const providers: readonly ProviderSettings[] = [
  {
    name: 'vast',
    title: 'Vast.ai',
    prefix: 'VAST',
    keyAliases: ['VAST_AI_API_KEY'],
    baseUrl: 'https://console.vast.ai',
  },
  { name: 'runpod', title: 'RunPod', prefix: 'RUNPOD', keyAliases: [], baseUrl: 'https://api.runpod.io' },
  {
    name: 'lambda',
    title: 'Lambda Cloud',
    prefix: 'LAMBDA',
    keyAliases: ['LAMBDA_LABS_API_KEY'],
    baseUrl: 'https://cloud.lambda.ai',
  },
  {
    name: 'paperspace',
    title: 'Paperspace',
    prefix: 'PAPERSPACE',
    keyAliases: [],
    baseUrl: 'https://api.paperspace.com',
  },
  { name: 'novita', title: 'Novita AI', prefix: 'NOVITA', keyAliases: [], baseUrl: 'https://api.novita.ai' },
]

export const settings: readonly Setting[] = [
  {
    name: 'PORT',
    group: 'Server',
    description: 'The port to listen on, or a comma list of ports. 0 takes a free one.',
    default: '8080',
    schema: ports,
  },
  {
    name: 'HOST',
    group: 'Server',
    description:
      'The address to listen on. On any but a loopback address every call needs a key; without CONTROL_API_KEY one is made in DATA_DIR/admin.key.',
    default: '127.0.0.1',
    schema: z.string().min(1),
  },
  {
    name: 'PUBLIC_URL',
    group: 'Server',
    description:
      'Where machines on the internet reach this server: https://host[:port]. Needed for the dead-man switch, with which a machine ends itself when it has not heard of us for long.',
    schema: origin.refine((text) => /^https?:\/\/[A-Za-z0-9.:[\]_-]+$/.test(text), 'takes a plain host name'),
  },
  {
    name: 'DATA_DIR',
    group: 'Server',
    description: 'Where the database, the installation id and the keys made here are kept.',
    default: './data',
    schema: z.string().min(1),
  },
  {
    name: 'DATABASE_URL',
    group: 'Server',
    description: 'A SQLite file as sqlite:path. Without it: gpufleet.db in DATA_DIR.',
    schema: z
      .string()
      .regex(/^sqlite:.+/, 'takes sqlite:path; PostgreSQL is not supported yet')
      .transform((text) => text.slice('sqlite:'.length)),
  },
  {
    name: 'ENV_FILE',
    group: 'Server',
    description:
      'A file with more settings, as NAME=value lines. What the environment sets wins. `npm start` sets it to .env where there is one.',
    schema: z.string().min(1),
  },
  {
    name: 'GPU_MODELS_FILE',
    group: 'Server',
    description: 'A JSON file with GPU models that the catalogue lacks, or knows differently.',
    live: true,
    schema: z.string().min(1),
  },
  {
    name: 'MARKET_WATCH',
    group: 'Server',
    default: 'RTX 4090,A100,H100',
    description:
      'GPU models whose prices are looked up every hour although nobody searches for them, so that their history has no holes; with commas. `none`: the history is made of what people search for.',
    schema: z.string().transform((text) =>
      text === 'none'
        ? []
        : text
            .split(',')
            .map((name) => name.trim())
            .filter((name) => name !== ''),
    ),
  },
  {
    name: 'TEMPLATES_DIR',
    group: 'Server',
    description:
      'A folder of launch templates: each .json file in it is one, as {"name": …, "config": {…}}. Read at the start and at a reload.',
    live: true,
    schema: z.string().min(1),
  },
  {
    name: 'INSTALLATION_ID',
    group: 'Server',
    description:
      'Marks our machines at the marketplaces: 4 to 12 lower-case letters and digits. Without it one is made and kept in DATA_DIR/installation-id. It belongs to one database: two servers with the same id would take over each other’s machines.',
    schema: z.string().regex(/^[0-9a-z]{4,12}$/, 'takes 4 to 12 lower-case letters and digits'),
  },
  {
    name: 'ENVIRONMENT',
    aliases: ['NODE_ENV'],
    group: 'Server',
    description: 'development or production.',
    default: 'development',
    schema: z.enum(['development', 'production', 'test']),
  },
  {
    name: 'MARKET_LABEL',
    group: 'Server',
    description: 'Shown on every face, to tell installations apart. `npm start` without keys sets it to simulated.',
    schema: z.string().max(40),
  },
  {
    name: 'CONTROL_API_KEY',
    group: 'Access',
    description: 'The admin key, sent as `Authorization: Bearer` or `X-API-Key`. At least 16 characters.',
    secret: true,
    schema: z
      .string()
      .min(16, 'takes at least 16 characters')
      .transform((text) => new Secret(text)),
  },
  {
    name: 'KEYLESS',
    group: 'Access',
    description:
      'loopback: calls from this machine need no key. off: every call needs one. Without it: loopback while HOST is a loopback address.',
    schema: z.enum(['loopback', 'off']),
  },
  {
    name: 'KEYLESS_FROM',
    group: 'Access',
    description:
      'More addresses that count as this machine for KEYLESS=loopback, as a comma list. For a container: the gateway of its network, by which calls from the machine around it come. Leave it out where others can reach the port.',
    schema: addresses,
  },
  {
    name: 'SECRETS_KEY',
    group: 'Access',
    description:
      'Encrypts environment values and start scripts at rest: 32 bytes in base64. Without it one is made and kept in DATA_DIR/secrets.key.',
    secret: true,
    schema: z
      .string()
      .refine((text) => Buffer.from(text, 'base64').length === 32, 'takes 32 bytes in base64')
      .transform((text) => new Secret(text)),
  },
  {
    name: 'SECRETS_KEY_FILE',
    group: 'Access',
    description: 'A file that holds what SECRETS_KEY would.',
    schema: z.string().min(1),
  },
  {
    name: 'SECRETS_KEY_COMMAND',
    group: 'Access',
    description:
      'A command that prints what SECRETS_KEY would, for a key management service: words, or a JSON array. Run without a shell.',
    schema: words,
  },
  {
    name: 'ENABLE_CORS',
    group: 'Access',
    description: 'Lets web pages of other origins read answers. They always need a key.',
    default: 'true',
    schema: flag,
  },
  {
    name: 'RATE_LIMIT_ENABLED',
    group: 'Access',
    description: 'Limits requests per caller.',
    default: 'true',
    schema: flag,
  },
  {
    name: 'RATE_LIMIT_RPM',
    group: 'Access',
    description: 'Requests per minute and caller.',
    default: '100',
    schema: wholeNumber,
  },
  {
    name: 'ENABLE_METRICS',
    group: 'Operations',
    description: 'Serves /metrics for Prometheus.',
    default: 'true',
    schema: flag,
  },
  {
    name: 'ENABLE_DOCS',
    group: 'Operations',
    description: 'Serves /docs and /openapi.json.',
    default: 'true',
    schema: flag,
  },
  {
    name: 'OPERATIONS_KEEP_DAYS',
    group: 'Operations',
    description: 'How long calls to marketplaces stay in the operations log.',
    default: '14',
    schema: z
      .string()
      .regex(/^[1-9]\d{0,3}$/, 'takes 1 to 9999 days')
      .transform(Number),
  },
  {
    name: 'WEBHOOK_ALLOW_PRIVATE',
    group: 'Operations',
    description:
      'true: webhooks may also go to private, link-local and loopback addresses. Whoever may add a webhook can then reach your own network.',
    default: 'false',
    schema: flag,
  },
  {
    name: 'SHUTDOWN_SECONDS',
    group: 'Operations',
    description: 'How long a server that is told to stop waits for requests and calls under way.',
    default: '25',
    schema: wholeNumber,
  },
  {
    name: 'LOG_LEVEL',
    group: 'Operations',
    description: 'debug, info, warn or error. debug also shows every request.',
    default: 'info',
    schema: z.enum(['debug', 'info', 'warn', 'error']),
  },
  {
    name: 'LOG_FORMAT',
    group: 'Operations',
    description:
      'readable or json. Without it: readable on a terminal, else json. simple and combined are other names for readable.',
    schema: z
      .enum(['readable', 'json', 'simple', 'combined'])
      .transform((format) => (format === 'json' ? 'json' : 'readable')),
  },
  {
    name: 'PROFILE',
    group: 'Contract 002',
    description:
      'novita: a service for Novita alone, as clients of contract 002 know it. It listens on 3000 unless PORT says otherwise, and does not start without NOVITA_API_KEY.',
    default: 'standard',
    schema: z.enum(['standard', 'novita']),
  },
  {
    name: 'NOVITA_FACE_PROVIDER',
    group: 'Contract 002',
    description: 'Whose machines /api/instances rents and shows: novita, or any marketplace that has a key here.',
    default: 'novita',
    schema: z.enum(['novita', 'any']),
  },
  {
    name: 'DEFAULT_REGION',
    group: 'Contract 002',
    description: 'The code of the place where /api/instances rents when a request names none.',
    default: 'CN-HK-01',
    schema: z.string().regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,10}){1,3}$/, 'takes a code such as CN-HK-01'),
  },
  {
    name: 'DEFAULT_GPU_COUNT',
    group: 'Contract 002',
    description: 'GPUs of a request that does not say, 1 to 8.',
    default: '1',
    schema: wholeBetween(1, 8),
  },
  {
    name: 'DEFAULT_ROOTFS_SIZE',
    group: 'Contract 002',
    description: 'Disk in GB of a request that does not say, 20 to 500.',
    default: '60',
    schema: wholeBetween(20, 500),
  },
  {
    name: 'INSTANCE_POLL_INTERVAL',
    group: 'Contract 002',
    description:
      'How often the machines at Novita are looked at, in milliseconds: 5000 to 300000. Without it every 15 seconds.',
    schema: milliseconds(5_000, 300_000),
  },
  {
    name: 'INSTANCE_STARTUP_TIMEOUT',
    group: 'Contract 002',
    description:
      'In milliseconds, 60000 to 1800000: what was created with /api/instances and is not up by then has failed and is ended.',
    default: '600000',
    schema: milliseconds(60_000, 1_800_000),
  },
  {
    name: 'WEBHOOK_URL',
    group: 'Contract 002',
    description: 'Where creations with /api/instances are told of that name no webhookUrl.',
    secret: true,
    schema: z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'takes an http(s) URL')
      .transform((text) => new Secret(text)),
  },
  {
    name: 'WEBHOOK_SECRET',
    group: 'Contract 002',
    description: 'Signs those webhooks: 8 characters at least. Without it they are not signed.',
    secret: true,
    schema: z
      .string()
      .min(8, 'takes at least 8 characters')
      .transform((text) => new Secret(text)),
  },
  {
    name: 'TEMPLATE_CACHE_TTL',
    group: 'Contract 002',
    description: 'How long a template that was read from Novita is kept, in milliseconds: 1000 to 86400000.',
    default: '3600000',
    schema: milliseconds(1_000, 86_400_000),
  },
  {
    name: 'UNKNOWN_MACHINES',
    group: 'Operations',
    description:
      'What is done with a machine that carries this installation’s label and is not in the database, because it is empty or restored. adopt: it becomes an instance again. ask: it is only shown by `gpufleet audit`. end: it is ended.',
    default: 'adopt',
    schema: z.enum(unknownMachinePolicies),
  },
  ...providers.flatMap((provider): Setting[] => [
    {
      name: `${provider.prefix}_API_KEY`,
      aliases: provider.keyAliases,
      group: provider.title,
      live: true,
      description: `Your key for ${provider.title}. Without it the marketplace is not used.`,
      secret: true,
      schema: secret,
    },
    {
      name: `${provider.prefix}_API_KEY_2`,
      group: provider.title,
      live: true,
      description: 'A second account.',
      secret: true,
      schema: secret,
    },
    {
      name: `${provider.prefix}_API_BASE_URL`,
      group: provider.title,
      live: true,
      description: 'Another origin for its API.',
      default: provider.baseUrl,
      schema: origin,
    },
    {
      name: `${provider.prefix}_ENABLED`,
      group: provider.title,
      live: true,
      description:
        'false switches it off for new launches and searches; machines that run there are still looked after.',
      default: 'true',
      schema: flag,
    },
    ...(provider.name === 'vast'
      ? [
          {
            name: 'VAST_INSTANCE_ID',
            group: provider.title,
            description:
              'The number of a machine there that is taken over at the start, whoever made it. `/infra/vast` switches it on and off.',
            schema: z.string().regex(/^\d{1,12}$/, 'takes the number of a machine'),
          },
          ...infraVastSettings(provider.title),
        ]
      : []),
    ...(provider.name === 'runpod'
      ? [
          {
            name: 'RUNPOD_API_VERSION',
            group: provider.title,
            live: true,
            description: 'v2 (REST) or graphql, which is deprecated and covers offers, launch, list and terminate.',
            default: 'v2',
            schema: z.enum(['v2', 'graphql']),
          },
        ]
      : []),
  ]),
]

export const providerSettings = providers
