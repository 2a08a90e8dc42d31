/**
 * Every setting there is, once: its type, its default and what it is for. `.env.example` and the reference page are made
 * from this list, and nothing else reads the environment.
 */

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
const wholeNumber = z
  .string()
  .regex(/^\d{1,9}$/, 'takes a whole number')
  .transform(Number)

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
    name: 'INSTALLATION_ID',
    group: 'Server',
    description:
      'Marks our machines at the marketplaces: 4 to 12 lower-case letters and digits. Without it one is made and kept in DATA_DIR/installation-id. It belongs to one database: two servers with the same id would take over each other’s machines.',
    schema: z.string().regex(/^[0-9a-z]{4,12}$/, 'takes 4 to 12 lower-case letters and digits'),
  },
  {
    name: 'ENVIRONMENT',
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
    description: 'info, warn or error.',
    default: 'info',
    schema: z.enum(['info', 'warn', 'error']),
  },
  {
    name: 'LOG_FORMAT',
    group: 'Operations',
    description: 'readable or json. Without it: readable on a terminal, else json.',
    schema: z.enum(['readable', 'json']),
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
            description: 'The number of a machine there that is taken over at the start, whoever made it.',
            schema: z.string().regex(/^\d{1,12}$/, 'takes the number of a machine'),
          },
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
