import type { Check } from './check.ts'
import { apiChecks } from './contract-002-api.ts'
import { docsChecks } from './contract-002-docs.ts'
import { programChecks } from './contract-002-program.ts'
import { workChecks } from './contract-002-work.ts'

/** Contract 002. */
export const checks: readonly Check[] = [...apiChecks, ...workChecks, ...programChecks, ...docsChecks]
