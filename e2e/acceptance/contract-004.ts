import type { Check } from './check.ts'
import { checks as documents } from './contract-004-documents.ts'
import { checks as limits } from './contract-004-limits.ts'
import { checks as marketplaces } from './contract-004-marketplaces.ts'
import { checks as more } from './contract-004-more.ts'
import { checks as seam } from './contract-004-seam.ts'
import { checks as spot } from './contract-004-spot.ts'
import { checks as vast } from './contract-004-vast.ts'
import { checks as versions } from './contract-004-versions.ts'

/** Contract 004. */
export const checks: readonly Check[] = [
  ...seam,
  ...vast,
  ...marketplaces,
  ...spot,
  ...limits,
  ...versions,
  ...documents,
  ...more,
]
