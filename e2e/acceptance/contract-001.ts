import type { Check } from './check.ts'

/** Contract 001. */
export const checks: readonly Check[] = []
