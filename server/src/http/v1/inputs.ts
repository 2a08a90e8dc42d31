/** Pieces of requests that several routes take. */

import { z } from 'zod'
import type { GpuCategory } from '../../core/gpus/gpu.ts'
import { type Nanos, nanosFromUsd } from '../../core/money.ts'
import { type ProviderName, providerNamed, publicProviderNames } from '../../core/providers.ts'
import { invalidRequest } from '../problem.ts'

const decimal = /^\d{1,9}(\.\d{1,9})?$/

/** Dollars: a JSON number or decimal text. */
export const Usd = z.union([
  z.number().min(0).max(1_000_000),
  z.string().regex(decimal, 'takes dollars as a number or decimal text such as "0.50"'),
])

/** As it stands in a query string. */
export const UsdText = z.string().regex(decimal, 'takes dollars such as 0.50')

export const Flag = z.enum(['true', 'false', '1', '0'])

export function flagFrom(text: z.infer<typeof Flag> | undefined): boolean | undefined {
  return text === undefined ? undefined : text === 'true' || text === '1'
}

export const PortNumber = z.int().min(1).max(65_535)

export function nanosFrom(usd: z.infer<typeof Usd>): Nanos {
  return nanosFromUsd(usd)
}

/** @throws HttpError that names the providers there are */
export function providerFrom(text: string, field = 'provider'): ProviderName {
  const name = providerNamed(text)
  if (name === undefined) {
    const known = Object.values(publicProviderNames).join(', ')
    throw invalidRequest([{ field, problem: `${text} is not a provider; there are ${known}` }])
  }
  return name
}

export const Category = z.enum(['consumer', 'professional', 'datacenter'] satisfies GpuCategory[])

export const InstanceParams = z.strictObject({
  id: z.string().min(1).max(64).describe('The instance’s id: inst_…'),
})
