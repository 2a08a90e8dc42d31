import { z } from 'zod'
import { type ListProvidersDeps, listProviders, providerBalances } from '../../../app/list-providers.ts'
import { usdFromNanos } from '../../../core/money.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { contractRegions } from '../../../core/regions/regions.ts'
import { type Clock, isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'

const ProviderView = z
  .object({
    name: z.string(),
    display_name: z.string(),
    website: z.string(),
    regions: z.array(z.string()).describe('Names that a search takes.'),
    gpu_models: z.array(z.string()).describe('On sale there now, as far as we have seen.'),
    features: z.array(z.string()),
    is_configured: z.boolean().describe('There is an API key for it.'),
    is_enabled: z.boolean(),
    accounts: z.array(
      z.object({
        name: z.string(),
        balance_usd: z.string().nullable(),
        circuit: z
          .enum(['closed', 'half_open', 'open'])
          .describe('open: it failed again and again, and is left alone for some seconds.'),
      }),
    ),
    api_version: z.string(),
    is_supported: z.boolean().describe('It answers as we understand it, and what we use has not ended.'),
    deprecation: z
      .object({ text: z.string(), sunset_at: z.iso.datetime().nullable(), alternatives: z.array(z.string()) })
      .nullable()
      .describe('What it announced about the API we use, and who could be used instead.'),
    abilities: z.object({
      can_stop: z.boolean(),
      can_restart: z.boolean(),
      has_spot: z.boolean(),
      has_bids: z.boolean(),
      has_logs: z.boolean(),
      has_balance: z.boolean(),
      runs: z.enum(['container', 'vm']),
      ports: z.enum(['mapped', 'direct', 'proxied']),
      udp_ports: z.boolean(),
      disk_survives_stop: z.boolean(),
      disk_survives_interruption: z.boolean(),
      start_deadline_seconds: z.number(),
      reports_utilisation: z.boolean(),
      reclaim_notice_seconds: z
        .number()
        .nullable()
        .describe('How long before it takes a machine it says so; null: not at all.'),
      dead_man_switch: z
        .object({ possible: z.boolean(), why: z.string() })
        .describe('Whether a machine there can end itself when the control plane is silent.'),
    }),
    billing: z.object({
      step_seconds: z.number(),
      minimum_seconds: z.number(),
      starts_when: z.enum(['created', 'running']),
      while_stopped: z.enum(['disk', 'nothing', 'cannot_stop']),
    }),
    rate_limits: z.array(
      z.object({ scope: z.string(), calls: z.number(), window_seconds: z.number(), source: z.string() }),
    ),
    offers: z.int(),
    offers_seen_at: z.iso.datetime().nullable(),
    offers_sampled: z.boolean().describe('It shows only the cheapest of what matches a search.'),
    last_error: z.string().nullable(),
  })
  .meta({ id: 'Provider' })

export const providersRoute = route({
  operationId: 'listProviders',
  method: 'GET',
  path: '/api/v1/providers',
  tag: 'market',
  access: 'viewer',
  summary: 'The marketplaces, what they can do, and how they are.',
  query: z.strictObject({
    balances: z
      .enum(['true', 'false'])
      .optional()
      .describe('true: ask each for the account’s balance. Keys of one project are not told.'),
  }),
  reply: { status: 200, message: 'Providers retrieved successfully', data: z.array(ProviderView) },
  errors: [],
  async handle({ query, who }, deps: ListProvidersDeps & { clock: Clock }) {
    // An account's money is that of all projects.
    const isTold = query.balances === 'true' && who.project === null
    const balances = isTold ? await providerBalances(deps.providers) : []
    return {
      data: listProviders(deps).map(({ name, description, market, ...entry }) => {
        const { abilities, billing } = description
        return {
          name: publicProviderNames[name],
          display_name: description.displayName,
          website: description.website,
          regions: contractRegions(description.regions),
          gpu_models: entry.models,
          features: [...description.features],
          is_configured: entry.configured,
          is_enabled: entry.enabled,
          accounts: entry.accounts.map(({ name: account, breaker }) => {
            const balance = balances.find((one) => one.provider === name && one.account === account)?.balance ?? null
            return {
              name: account,
              balance_usd: balance === null ? null : usdFromNanos(balance),
              circuit: breaker,
            }
          }),
          api_version: entry.version.version,
          is_supported: entry.version.supported,
          deprecation:
            entry.version.deprecation === null
              ? null
              : {
                  text: entry.version.deprecation.text,
                  sunset_at:
                    entry.version.deprecation.sunsetAt === null ? null : isoFrom(entry.version.deprecation.sunsetAt),
                  alternatives: entry.version.alternatives.map((other) => publicProviderNames[other]),
                },
          abilities: {
            can_stop: abilities.canStop,
            can_restart: abilities.canRestart,
            has_spot: abilities.hasSpot,
            has_bids: abilities.hasBids,
            has_logs: abilities.hasLogs,
            has_balance: abilities.hasBalance,
            runs: abilities.runs,
            ports: abilities.ports,
            udp_ports: abilities.udpPorts,
            disk_survives_stop: abilities.diskSurvives.stop,
            disk_survives_interruption: abilities.diskSurvives.interruption,
            start_deadline_seconds: abilities.startDeadlineMs / 1000,
            reports_utilisation: abilities.reportsUtilisation,
            reclaim_notice_seconds: abilities.noticeMs === null ? null : abilities.noticeMs / 1000,
            dead_man_switch: { possible: abilities.deadMan.possible, why: abilities.deadMan.why },
          },
          billing: {
            step_seconds: billing.stepMs / 1000,
            minimum_seconds: billing.minimumMs / 1000,
            starts_when: billing.startsWhen,
            while_stopped: billing.stopped,
          },
          rate_limits: entry.limits.map(({ scope, calls, windowMs, source }) => ({
            scope,
            calls,
            window_seconds: windowMs / 1000,
            source,
          })),
          offers: entry.offers,
          offers_seen_at: market?.lastSeenAt == null ? null : isoFrom(market.lastSeenAt),
          offers_sampled: market?.sampled ?? false,
          last_error: market?.lastError ?? null,
        }
      }),
    }
  },
})
