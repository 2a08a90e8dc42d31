import { type Check, later } from './check.ts'
import { accessChecks } from './contract-001-access.ts'
import { powerChecks } from './contract-001-power.ts'
import { processChecks } from './contract-001-process.ts'
import { sessionChecks } from './contract-001-sessions.ts'
import { stackChecks } from './contract-001-stack.ts'
import { statusChecks } from './contract-001-status.ts'

/** Contract 001. */
export const checks: readonly Check[] = [
  ...accessChecks,
  ...statusChecks,
  ...powerChecks,
  ...sessionChecks,
  ...processChecks,
  ...stackChecks,
  later('S001-33', 'the gateway'),
  later(['S001-66', 'S001-67', 'S001-68', 'S001-69'], 'the panel'),
]
