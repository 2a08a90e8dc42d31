import type { Check } from './check.ts'

/** Contract 004. */
export const checks: readonly Check[] = []
