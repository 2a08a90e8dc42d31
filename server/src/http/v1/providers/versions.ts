import { z } from 'zod'
import { type ProviderVersion, type ProviderVersionsDeps, providerVersions } from '../../../app/provider-versions.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'

const When = z.iso.datetime().nullable()

export const ProviderVersionView = z
  .object({
    provider: z.string(),
    version: z.string().describe('The version of its API that we speak.'),
    observed_version: z.string().nullable().describe('What its replies call themselves; null where they don’t.'),
    last_checked: When.describe('When it last answered as we understand it.'),
    is_supported: z
      .boolean()
      .describe('It answers as we understand it, from a version that we know, and what we use has not ended.'),
    deprecated_at: z.iso
      .datetime()
      .optional()
      .describe('When we first heard that what we use is going to end; left out where we have not.'),
    sunset_at: When.describe('When it stops working, where that was said.'),
    notice: z.string().nullable().describe('What is announced or wrong, and what to do about it.'),
    link: z.string().nullable(),
    unreadable: z
      .array(z.object({ call: z.string(), since: z.iso.datetime(), what: z.string() }))
      .describe('Calls whose last answer we could not read.'),
    alternatives: z.array(z.string()).describe('Providers with a key here that could be used instead.'),
  })
  .meta({ id: 'ProviderVersion' })

export const providerVersionsRoute = route({
  operationId: 'listProviderVersions',
  method: 'GET',
  path: '/api/v1/providers/versions',
  tag: 'market',
  access: 'viewer',
  summary: 'Which version of each provider’s API is spoken, and whether it is going to end.',
  reply: { status: 200, message: 'Provider versions retrieved', data: z.array(ProviderVersionView) },
  errors: [],
  async handle(_input, deps: ProviderVersionsDeps) {
    const when = (at: number | null) => (at === null ? null : isoFrom(at))
    return {
      data: providerVersions(deps).map((one) => ({
        provider: publicProviderNames[one.provider],
        version: one.version,
        observed_version: one.observedVersion,
        last_checked: when(one.lastCheckedAt),
        is_supported: one.supported,
        ...(one.deprecation !== null && { deprecated_at: isoFrom(one.deprecation.noticedAt) }),
        sunset_at: when(one.deprecation?.sunsetAt ?? null),
        notice: noticeOf(one),
        link: one.deprecation?.link ?? null,
        unreadable: Object.entries(one.unreadable).map(([call, { since, what }]) => ({
          call,
          since: isoFrom(since),
          what,
        })),
        alternatives: one.alternatives.map((name) => publicProviderNames[name]),
      })),
    }
  },
})

function noticeOf({ version, unexpected, deprecation, alternatives }: ProviderVersion): string | null {
  const others = alternatives.map((name) => publicProviderNames[name]).join(', ')
  const parts = [
    unexpected.length === 0
      ? ''
      : `It answers from API version ${unexpected.join(' and ')}; gpufleet is written for ${version}: look for a newer gpufleet${others && `, until then launch at ${others}`}.`,
    deprecation?.text ?? '',
  ].filter((part) => part !== '')
  return parts.length === 0 ? null : parts.join(' ')
}
