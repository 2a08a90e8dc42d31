import { isDeepStrictEqual } from 'node:util'
import { amountOf, type Charge, isExact } from '../core/charges/charge.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { usdText } from '../core/money.ts'
import { isoFrom } from '../core/time.ts'
import type { NewEvent } from './events.ts'
import { fromJsonText } from './json.ts'
import { chargeFromRow } from './rows.ts'
import type { Database } from './sqlite.ts'

/** What the audit log says of charges that have ended, so that a charge that is changed later shows. */

/** One for each that has ended just now, or is known more exactly than before. */
export function chargeRecords(changed: readonly Charge[], known: readonly Charge[]): NewEvent[] {
  return changed.flatMap((charge) => {
    const data = recordOf(charge)
    if (data === null) return []
    const before = known.find(({ kind, sequence }) => kind === charge.kind && sequence === charge.sequence)
    return before !== undefined && isDeepStrictEqual(recordOf(before), data) ? [] : [eventOf(charge, data)]
  })
}

type ChargeRecord = NonNullable<ReturnType<typeof recordOf>>

/** Null while it runs: then it has nothing final to say. */
function recordOf(charge: Charge) {
  const { endedAfter, endedBefore } = charge
  if (endedAfter === null || endedBefore === null) return null
  // An amount that is final depends on no other moment.
  const { atMost, atLeast } = amountOf(charge, endedBefore)
  return {
    attempt: charge.attempt,
    meter: charge.kind,
    sequence: charge.sequence,
    rate_per_hour_usd: usdText(charge.ratePerHour, 9),
    step_ms: charge.stepMs,
    at_most_usd: usdText(atMost, 9),
    at_least_usd: usdText(atLeast, 9),
    started_after: charge.startedAfter,
    started_before: charge.startedBefore,
    last_on_at: charge.lastOnAt,
    ended_after: endedAfter,
    ended_before: endedBefore,
    certain: charge.certain,
  }
}

function eventOf(charge: Charge, data: ChargeRecord): NewEvent {
  const amount = isExact(charge) ? `$${data.at_most_usd}` : `between $${data.at_least_usd} and $${data.at_most_usd}`
  const span = `${isoFrom(data.started_after)} to ${isoFrom(data.ended_before)}`
  return {
    at: data.ended_before,
    instanceId: charge.instanceId,
    kind: 'charge',
    status: null,
    because: null,
    message: `${charge.kind} of attempt ${charge.attempt}: ${amount}, ${span}`,
    data,
  }
}

export interface ChargeReport {
  checked: number
  /** The first charge that is not what the log says of it. */
  broken: string | null
  /** Charges that had ended before the log told of any; nothing vouches for them. */
  unrecorded: number
}

export type CheckCharges = () => Promise<ChargeReport>

const instancesAtOnce = 100

/** Compares every charge that has ended with what the log says of it. That the log is whole is checked by itself. */
export function createChargeChecker(database: Database): CheckCharges {
  return async () => {
    const report: ChargeReport = { checked: 0, broken: null, unrecorded: 0 }
    const first = await database
      .selectFrom('events')
      .select('at')
      .where('kind', '=', 'charge')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
    for (let after = ''; report.broken === null; ) {
      const ids = await instancesAfter(database, after)
      const last = ids.at(-1)
      if (last === undefined) break
      after = last
      await database.transaction().execute((one) => checkInstances(one, ids, first?.at ?? Infinity, report))
      // The ledger may be long, and others want to be served.
      await new Promise((resolve) => setImmediate(resolve))
    }
    const gone = await firstWithoutInstance(database)
    if (gone !== undefined) report.broken ??= `the charges of ${gone} are missing`
    return report
  }
}

async function instancesAfter(database: Database, after: string): Promise<string[]> {
  const rows = await database
    .selectFrom('instances')
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(instancesAtOnce)
    .execute()
  return rows.map(({ id }) => id)
}

/** Of an instance that was taken away with all its charges, the log still tells. */
async function firstWithoutInstance(database: Database): Promise<string | undefined> {
  const row = await database
    .selectFrom('events')
    .select('instance_id')
    .where('kind', '=', 'charge')
    .where('instance_id', 'not in', (eb) => eb.selectFrom('instances').select('instances.id'))
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.instance_id ?? undefined
}

async function checkInstances(database: Database, ids: readonly string[], firstAt: number, report: ChargeReport) {
  const charges = await database.selectFrom('charges').selectAll().where('instance_id', 'in', ids).execute()
  const events = await database
    .selectFrom('events')
    .select(['instance_id', 'data'])
    .where('kind', '=', 'charge')
    .where('instance_id', 'in', ids)
    .orderBy('id')
    .execute()
  // The last word on each.
  const told = new Map(
    events.map(({ instance_id: id, data }) => {
      const record = fromJsonText<ChargeRecord>(data)
      return [nameOf(id as InstanceId, record), record]
    }),
  )
  for (const row of charges) {
    const charge = chargeFromRow(row)
    const is = recordOf(charge)
    const name = nameOf(charge.instanceId, { ...charge, meter: charge.kind })
    const was = told.get(name)
    told.delete(name)
    if (was === undefined) {
      if (is === null) continue
      if (is.ended_before < firstAt) report.unrecorded += 1
      else report.broken ??= `${name} is not in the log: it was added by somebody else`
      continue
    }
    report.checked += 1
    if (!isDeepStrictEqual(is, was)) report.broken ??= `${name} is not what it was when it ended`
  }
  for (const name of told.keys()) report.broken ??= `${name} is missing`
}

function nameOf(id: InstanceId, { attempt, meter, sequence }: Pick<ChargeRecord, 'attempt' | 'meter' | 'sequence'>) {
  return `charge ${meter} ${sequence} of attempt ${attempt} of ${id}`
}
