/** Pieces of requests that several routes take. */

import { z } from 'zod'
import type { GpuCategory } from '../../core/gpus/gpu.ts'
import { type Nanos, nanosFromUsd } from '../../core/money.ts'
import { type ProviderName, providerNamed, publicProviderNames } from '../../core/providers.ts'
import { invalidRequest, type Mistake } from '../problem.ts'

const decimal = /^\d{1,9}(\.\d{1,9})?$/

const dollars = 'takes dollars as a number or decimal text such as "0.50"'

/** Dollars: a JSON number or decimal text. */
export const Usd = z.union([z.number().min(0).max(1_000_000), z.string().regex(decimal, dollars)], { error: dollars })

/** As it stands in a query string. */
export const UsdText = z.string().regex(decimal, 'takes dollars such as 0.50')

/** A number in a query string. Nothing, blanks and `0x10` are none: a bound must not be dropped or bent in silence. */
export function NumberText(least: number, most: number) {
  return z.preprocess(readNumber, z.number().min(least).max(most))
}

export function WholeText(least: number, most: number) {
  return z.preprocess(readNumber, z.int().min(least).max(most))
}

function readNumber(text: unknown): unknown {
  return typeof text === 'string' && /^-?\d{1,16}(\.\d{1,16})?$/.test(text) ? Number(text) : text
}

export const Flag = z.enum(['true', 'false', '1', '0'])

export function flagFrom(text: z.infer<typeof Flag> | undefined): boolean | undefined {
  return text === undefined ? undefined : text === 'true' || text === '1'
}

export const PortNumber = z.int().min(1).max(65_535)

export function nanosFrom(usd: z.infer<typeof Usd>): Nanos {
  return nanosFromUsd(usd)
}

/** @throws HttpError that names the providers there are */
export function providerFrom(text: string): ProviderName {
  const name = providerNamed(text)
  if (name === undefined) throw invalidRequest([unknownProvider('provider', text)])
  return name
}

export function unknownProvider(field: string, text: string): Mistake {
  return { field, problem: `${text} is not a provider; there are ${Object.values(publicProviderNames).join(', ')}` }
}

export const Category = z.enum(['consumer', 'professional', 'datacenter'] satisfies GpuCategory[])

/** Whose something is. */
export const Project = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'is 1 to 60 lower-case letters, digits, dots, dashes and _')
  .describe('The project; default `default`. A key of one project sees and changes only that.')

/** What is looked up as it is. */
export const OneWord = z
  .string()
  .min(1)
  .regex(/^\P{Cc}+$/u, 'is an id without control characters')

export const InstanceParams = z.strictObject({ id: OneWord.describe('The instance’s id: inst_…') })
