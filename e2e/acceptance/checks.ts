import type { Check } from './check.ts'
import { checks as contract000 } from './contract-000.ts'
import { checks as contract001 } from './contract-001.ts'
import { checks as contract002 } from './contract-002.ts'
import { checks as contract003 } from './contract-003.ts'
import { checks as contract004 } from './contract-004.ts'

/** Every promise that is checked, by contract. */
export const checksOf: Readonly<Record<string, readonly Check[]>> = {
  '000': contract000,
  '001': contract001,
  '002': contract002,
  '003': contract003,
  '004': contract004,
}
