import type { Check } from './check.ts'

/** Contract 002. */
export const checks: readonly Check[] = []
