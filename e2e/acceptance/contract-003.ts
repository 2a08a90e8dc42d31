import type { Check } from './check.ts'
import { instanceChecks } from './contract-003-instances.ts'
import { marketChecks } from './contract-003-market.ts'
import { searchChecks } from './contract-003-search.ts'
import { settingsChecks } from './contract-003-settings.ts'

/** Contract 003. */
export const checks: readonly Check[] = [...searchChecks, ...marketChecks, ...instanceChecks, ...settingsChecks]
