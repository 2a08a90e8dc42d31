/** Pieces of requests that several routes of this face take. Null is the same as leaving something out. */

import { z } from 'zod'

export const Text = z.string().min(1).max(300)

/** As FastAPI reads a flag in a query. */
export const FlagText = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], { error: 'takes true or false' }))
  .transform((text) => ['true', '1', 'yes', 'on'].includes(text))

export function NumberText(schema: z.ZodNumber) {
  return z
    .string()
    .regex(/^-?\d{1,12}(\.\d{1,12})?$/, 'takes a number')
    .transform(Number)
    .pipe(schema)
}
