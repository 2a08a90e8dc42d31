import type { Check } from './check.ts'

/** Contract 003. */
export const checks: readonly Check[] = []
