import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { dayMs, hourMs, minuteMs } from '../../core/time.ts'
import { collectingLog } from '../../observability/collecting-log.ts'
import { createMetrics } from '../../observability/metrics.ts'
import type { BillLine, Provider, ProviderBill } from '../../providers/provider.ts'
import { testStores } from '../../testing/database.ts'
import { failure, fakeProvider } from '../../testing/fake-provider.ts'
import { virtualClock } from '../../testing/virtual-clock.ts'
import { readBills } from './read-bills.ts'

type Bill = (period: { from: number; until: number }) => Promise<ProviderBill | null>

async function aReader(bill: Bill, others: Record<string, Bill> = {}) {
  const clock = virtualClock()
  const stores = await testStores()
  const asked: { account: string; from: number; until: number }[] = []
  const accounts = Object.entries({ main: bill, ...others }).map(
    ([account, answer]): Provider => ({
      ...fakeProvider({ clock }),
      account,
      bill: (period) => {
        asked.push({ account, ...period })
        return answer(period)
      },
    }),
  )
  const log = collectingLog()
  const metrics = createMetrics()
  const alarms: string[] = []
  const task = readBills({
    bills: stores.bills,
    providers: { all: () => accounts, find: (_, account) => accounts.find((one) => one.account === account) },
    clock,
    log,
    metrics,
    countAlarm: (provider) => alarms.push(provider),
  })
  const read = (account = 'main') => stores.bills.readOf({ provider: 'vast', account })
  return { clock, stores, asked, log, metrics, alarms, task, read }
}

const aLine = (change: Partial<BillLine> = {}): BillLine => ({
  externalId: 'm-1',
  label: null,
  kind: 'all',
  from: 0,
  until: 1,
  amount: nanosFromUsd('2'),
  ...change,
})

describe('when', () => {
  test('five minutes after the start, and then every hour', async () => {
    const { clock, asked, task } = await aReader(async () => null)
    expect(task).toMatchObject({ everyMs: 5 * minuteMs, atStart: false })
    for (let run = 0; run < 25; run += 1) {
      await task.run()
      await clock.advance(5 * minuteMs)
    }
    expect(asked).toHaveLength(3)
  })

  test('a clock that was set back does not silence it', async () => {
    const { clock, asked, task } = await aReader(async () => null)
    await task.run()
    const { now } = clock
    clock.now = () => now() - dayMs
    await task.run()
    expect(asked).toHaveLength(2)
  })
})

describe('what is asked for', () => {
  test('whole days, and from then on the last three days before what was complete', async () => {
    const { clock, asked, task, read } = await aReader(async ({ until }) => ({
      lines: [],
      completeUntil: Math.floor((until - hourMs) / hourMs) * hourMs,
    }))
    const start = clock.now()
    const today = Math.floor(start / dayMs) * dayMs
    await task.run()
    expect(asked[0]).toEqual({ account: 'main', from: today - 3 * dayMs, until: start })
    await clock.advance(10 * dayMs)
    await task.run()
    // It was complete until 11 o'clock ten days ago.
    expect(asked[1]).toEqual({ account: 'main', from: today - 3 * dayMs, until: start + 10 * dayMs })
    await clock.advance(hourMs)
    await task.run()
    expect(asked[2]?.from).toBe(today + 7 * dayMs)
    expect(await read()).toMatchObject({ hasBill: true, coveredFrom: today - 3 * dayMs, error: null })
  })

  test('a marketplace without a bill is remembered as such', async () => {
    const { task, read } = await aReader(async () => null)
    await task.run()
    expect(await read()).toMatchObject({ hasBill: false, coveredFrom: null, completeUntil: null })
  })
})

describe('trouble', () => {
  test('keeps what was read, says so, and leaves the other accounts alone', async () => {
    let isDown = false
    const { clock, task, read, stores, log } = await aReader(
      async ({ until }) => {
        if (isDown) throw failure('vast', { kind: 'unavailable' }, 'it is down')
        return { lines: [aLine()], completeUntil: until }
      },
      { second: async ({ until }) => ({ lines: [], completeUntil: until }) },
    )
    await task.run()
    const before = await read()
    isDown = true
    await clock.advance(2 * hourMs)
    await task.run()
    expect(await read()).toEqual({ ...before, triedAt: clock.now(), error: 'it is down' })
    expect((await read('second'))?.readAt).toBe(clock.now())
    expect(log.lines.some(({ event }) => event === 'bill not read')).toBe(true)
    expect(await stores.database.selectFrom('bill_lines').selectAll().execute()).toHaveLength(1)
  })

  test('an account that was never read claims nothing', async () => {
    const { task, read } = await aReader(async () => {
      throw failure('vast', { kind: 'unauthorized' })
    })
    await task.run()
    expect(await read()).toMatchObject({ coveredFrom: null, completeUntil: null, readAt: null })
  })
})

describe('an unexplained difference above one cent', () => {
  const fee =
    (usd: string): Bill =>
    async ({ until }) => ({
      lines: [
        aLine({
          externalId: null,
          label: 'fee',
          kind: 'other',
          from: until - 2,
          until: until - 1,
          amount: nanosFromUsd(usd),
        }),
      ],
      completeUntil: until,
    })

  test('is an alarm, once, and a figure to watch', async () => {
    const { clock, task, stores, alarms, metrics } = await aReader(fee('0.02'))
    await task.run()
    await clock.advance(2 * hourMs)
    await task.run()
    const events = await stores.events.list({ limit: 10 })
    expect(events).toMatchObject([{ kind: 'alarm', instanceId: null, data: { unexplained_usd: '0.02', label: 'fee' } }])
    expect(events[0]?.message).toContain('a charge without a machine (fee)')
    expect(alarms).toEqual(['vast'])
    expect(await metrics.text()).toMatch(
      /gpufleet_bill_difference_usd\{provider="vast",account="main",reason="unexplained"\} 0\.0[24]/,
    )
  })

  test('a cent is none, and neither is the machine of somebody else', async () => {
    const { task, alarms } = await aReader(fee('0.01'), {
      second: async ({ until }) => ({ lines: [aLine({ until })], completeUntil: until }),
    })
    await task.run()
    expect(alarms).toEqual([])
  })
})
