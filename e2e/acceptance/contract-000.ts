import type { Check } from './check.ts'

/** Contract 000. */
export const checks: readonly Check[] = []
