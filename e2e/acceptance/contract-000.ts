import type { Check } from './check.ts'
import { creationChecks } from './contract-000-creation.ts'
import { furtherChecks } from './contract-000-further.ts'
import { lookingChecks } from './contract-000-looking.ts'
import { marketChecks } from './contract-000-market.ts'
import { storedChecks } from './contract-000-stored.ts'

/** Contract 000. */
export const checks: readonly Check[] = [
  ...marketChecks,
  ...creationChecks,
  ...lookingChecks,
  ...storedChecks,
  ...furtherChecks,
]
