import { describe, expect, test } from 'vitest'
import type { Charge } from '../../core/charges/charge.ts'
import { amountOf, isExact, withReading } from '../../core/charges/charge.ts'
import type { Machine, Phase } from '../../core/instances/machine.ts'
import { nanosFromUsd } from '../../core/money.ts'
import { messageFromHistory, phaseFromPaperspace } from './history.ts'
import { deletedMachineFrom, machineFromPaperspace } from './machines.ts'
import { aHistory, anEvent, aWireMachine, label, machineId } from './testing.ts'

const at = (text: string) => Date.parse(`2026-09-30T${text}Z`)
const created = at('10:00:00.000')

describe('the phase of each state', () => {
  const upHistory = aHistory(anEvent('createDone'))

  test.each<[string, Phase]>([
    ['provisioning', 'starting'],
    ['starting', 'starting'],
    ['serviceready', 'starting'],
    ['restarting', 'starting'],
    ['ready', 'running'],
    ['stopping', 'stopping'],
    ['upgrading', 'unclear'],
    ['a word we have not met', 'unclear'],
  ])('%s is %s', (state, phase) => {
    expect(phaseFromPaperspace(aWireMachine({ state }), upHistory)).toBe(phase)
    expect(phaseFromPaperspace(aWireMachine({ state }), null)).toBe(phase)
  })
})

describe('a machine that is off', () => {
  const off = aWireMachine({ state: 'off', publicIp: null })

  test('has failed when its create has, and says why', () => {
    const machine = machineFromPaperspace(off, aHistory(anEvent('createFailed')), [])

    expect(machine.phase).toBe('failed')
    expect(machine.message).toMatch(/insufficient capacity/)
  })

  test('has failed when the start that belongs to its create has', () => {
    const history = aHistory(anEvent('startFailed'), anEvent('createDone', { dtFinished: '2026-09-30T10:00:00.500Z' }))

    expect(phaseFromPaperspace(off, history)).toBe('failed')
  })

  test('has failed when its create was cancelled without a word', () => {
    const history = aHistory(anEvent('createFailed', { state: 'cancelled', error: null }))

    expect(phaseFromPaperspace(off, history)).toBe('failed')
    expect(messageFromHistory(history)).toBe('create was cancelled')
  })

  test('is stopped after a stop', () => {
    const machine = machineFromPaperspace(off, aHistory(anEvent('stopDone'), anEvent('createDone')), [])

    expect(machine.phase).toBe('stopped')
    expect(machine.message).toBeNull()
  })

  test('stays stopped, with the message, when a later start finds no capacity: its disk is still there', () => {
    const failedStart = anEvent('startFailed', {
      dtCreated: '2026-09-30T14:00:00.000Z',
      dtFinished: '2026-09-30T14:00:09.000Z',
    })
    const machine = machineFromPaperspace(off, aHistory(failedStart, anEvent('stopDone'), anEvent('createDone')), [])

    expect(machine.phase).toBe('stopped')
    expect(machine.message).toMatch(/higher than normal demand/)
  })

  test('is on its way while its create or a start runs', () => {
    expect(phaseFromPaperspace(off, aHistory(anEvent('createNew')))).toBe('starting')
    const asked = anEvent('startDone', { state: 'in progress', dtFinished: null })
    expect(phaseFromPaperspace(off, aHistory(asked, anEvent('stopDone'), anEvent('createDone')))).toBe('starting')
  })

  test('is stopped when it was switched off from within', () => {
    expect(phaseFromPaperspace(off, aHistory(anEvent('createDone')))).toBe('stopped')
  })

  test('is unclear while its events cannot be read', () => {
    expect(phaseFromPaperspace(off, null)).toBe('unclear')
  })
})

test('a failed create is seen before the machine falls to off', () => {
  expect(phaseFromPaperspace(aWireMachine({ state: 'provisioning' }), aHistory(anEvent('createFailed')))).toBe('failed')
})

test('a machine that is being deleted is ending until it is gone; a deletion that failed changes nothing', () => {
  const deleting = aHistory(
    anEvent('deactivateDone', { state: 'in progress', dtFinished: null }),
    anEvent('createDone'),
  )
  expect(phaseFromPaperspace(aWireMachine(), deleting)).toBe('ending')
  expect(phaseFromPaperspace(aWireMachine(), aHistory(anEvent('deactivateDone')))).toBe('ending')
  expect(phaseFromPaperspace(aWireMachine(), aHistory(anEvent('deactivateDone', { state: 'error' })))).toBe('running')
  expect(phaseFromPaperspace(aWireMachine({ dtDeleted: '2026-09-30T16:00:41.500Z' }), null)).toBe('ended')
})

describe('a running machine', () => {
  const machine = machineFromPaperspace(aWireMachine(), aHistory(anEvent('createDone')), [
    { containerPort: 8000, protocol: 'http' },
  ])

  test('is shown with its address, its rate and what we published', () => {
    expect(machine).toMatchObject({
      externalId: machineId,
      label,
      phase: 'running',
      providerStatus: 'ready',
      market: 'on_demand',
      gpu: { spelling: 'A4000', count: 1 },
      region: 'us-east',
      pricePerHour: nanosFromUsd('0.76'),
      ssh: { host: '184.105.3.77', port: 22, user: 'paperspace' },
      endpoints: [{ containerPort: 8000, protocol: 'http', host: '184.105.3.77', port: 8000, url: null }],
      createdAt: created,
    })
  })

  test('bills compute and the disk from its creation, by the second', () => {
    expect(machine.meters).toEqual([
      { kind: 'gpu', ratePerHour: 760_000_000n, state: 'on', since: created, until: null, stepMs: 1000 },
      { kind: 'disk', ratePerHour: 6_944_444n, state: 'on', since: created, until: null, stepMs: 1000 },
    ])
  })

  test('keeps the marketplace’s word for a region that we do not know', () => {
    expect(machineFromPaperspace(aWireMachine({ region: 'Moon (LUN1)' }), null, []).region).toBe('Moon (LUN1)')
  })

  test('has no address while it is not ready', () => {
    const early = machineFromPaperspace(aWireMachine({ state: 'provisioning' }), null, [])

    expect(early).toMatchObject({ ssh: null, endpoints: [] })
  })
})

describe('meters', () => {
  const gpuOf = (machine: Machine) => machine.meters.find(({ kind }) => kind === 'gpu')
  const diskOf = (machine: Machine) => machine.meters.find(({ kind }) => kind === 'disk')

  test.each(['provisioning', 'starting', 'serviceready', 'ready', 'stopping', 'restarting', 'upgrading'])(
    'compute is billed in %s',
    (state) => {
      expect(gpuOf(machineFromPaperspace(aWireMachine({ state }), aHistory(), []))?.state).toBe('on')
    },
  )

  test('a stop ends compute when its event is done, and not the disk', () => {
    const machine = machineFromPaperspace(
      aWireMachine({ state: 'off' }),
      aHistory(anEvent('stopDone'), anEvent('createDone')),
      [],
    )

    expect(gpuOf(machine)).toMatchObject({ state: 'off', since: created, until: at('12:00:58.250') })
    expect(diskOf(machine)).toMatchObject({ state: 'on', since: created, until: null })
  })

  test('a failed create is billed until it fell to off', () => {
    const machine = machineFromPaperspace(aWireMachine({ state: 'off' }), aHistory(anEvent('createFailed')), [])

    expect(gpuOf(machine)).toMatchObject({ state: 'off', since: created, until: at('10:00:12.000') })
  })

  test('a new start begins a new stretch when it is asked for', () => {
    const history = aHistory(anEvent('startDone'), anEvent('stopDone'), anEvent('createDone'))

    expect(gpuOf(machineFromPaperspace(aWireMachine(), history, []))).toMatchObject({
      state: 'on',
      since: at('14:00:00.000'),
      until: null,
    })
  })

  test('the stretches before the last are told as well', () => {
    const history = aHistory(anEvent('startDone'), anEvent('stopDone'), anEvent('createDone'))

    expect(gpuOf(machineFromPaperspace(aWireMachine(), history, []))?.earlier).toEqual([
      { since: created, until: at('12:00:58.250') },
    ])
  })

  test('a deletion ends both when its event is done', () => {
    const history = aHistory(anEvent('deactivateDone'), anEvent('createDone'))
    const machine = machineFromPaperspace(aWireMachine(), history, [])

    expect(gpuOf(machine)).toMatchObject({ state: 'off', since: created, until: at('16:00:41.500') })
    expect(diskOf(machine)).toMatchObject({ state: 'off', since: created, until: at('16:00:41.500') })
  })

  test('nothing is said about the start of a stretch whose events were not all read', () => {
    const part = { ...aHistory(anEvent('createDone')), whole: false }

    expect(gpuOf(machineFromPaperspace(aWireMachine(), part, []))).toMatchObject({ state: 'on', since: null })
    expect(gpuOf(machineFromPaperspace(aWireMachine(), null, []))).toMatchObject({ state: 'on', since: null })
  })

  test('an off that is not explained yet is unclear, one from within has no moment', () => {
    const off = aWireMachine({ state: 'off' })

    expect(gpuOf(machineFromPaperspace(off, null, []))?.state).toBe('unclear')
    expect(gpuOf(machineFromPaperspace(off, aHistory(anEvent('createNew')), []))?.state).toBe('unclear')
    expect(gpuOf(machineFromPaperspace(off, aHistory(anEvent('createDone')), []))).toMatchObject({
      state: 'off',
      since: null,
      until: null,
    })
  })

  test.each([
    [53_687_091_200, 6_944_444n],
    ['107374182400', 9_722_222n],
    [268_435_456_000, 13_888_889n],
    [250_000_000_000, 13_888_889n],
    [50, 6_944_444n],
  ])('a disk shown as %s costs its whole size', (storageTotal, rate) => {
    expect(diskOf(machineFromPaperspace(aWireMachine({ storageTotal }), null, []))?.ratePerHour).toBe(rate)
  })

  test('a rate that is not told yet is no rate of nothing', () => {
    expect(gpuOf(machineFromPaperspace(aWireMachine({ usageRate: 0 }), null, []))).toBeUndefined()
    expect(machineFromPaperspace(aWireMachine({ usageRate: null }), null, []).pricePerHour).toBeNull()
  })
})

describe('the ledger of a whole life is exact', () => {
  const launch = { instanceId: 'inst_1' as Charge['instanceId'], attempt: 1 }

  test('created, stopped, started and deleted between looks, to the nano-dollar', () => {
    let gpu: readonly Charge[] = []
    const look = (machine: Machine | null, when: string) => {
      const reading = machine?.meters.find(({ kind }) => kind === 'gpu')
      if (reading)
        gpu = withReading(gpu, { reading, begunAt: at(when), at: at(when), seenOffAt: created - 5_000 }, launch)
    }
    const life = [anEvent('createDone'), anEvent('stopDone'), anEvent('startDone'), anEvent('deactivateDone')]
    const until = (count: number) => aHistory(...life.slice(0, count))

    look(machineFromPaperspace(aWireMachine({ state: 'provisioning' }), until(0), []), '10:00:10.000')
    look(machineFromPaperspace(aWireMachine(), until(1), []), '10:02:00.000')
    look(machineFromPaperspace(aWireMachine({ state: 'off' }), until(2), []), '12:03:00.000')
    look(machineFromPaperspace(aWireMachine({ state: 'off' }), until(2), []), '13:03:00.000')
    look(machineFromPaperspace(aWireMachine(), until(3), []), '14:05:00.000')
    look(deletedMachineFrom(machineId, { label, wasOff: false }, until(4)), '16:05:00.000')

    expect(gpu.map(isExact)).toEqual([true, true])
    // 2 h 0 min 58.25 s and 2 h 0 min 41.5 s at 0.76 dollars, each begun second whole.
    const expected = [(760_000_000n * 7259n * 2n + 3600n) / 7200n, (760_000_000n * 7242n * 2n + 3600n) / 7200n]
    expect(gpu.map((charge) => amountOf(charge, at('20:00:00.000')).atMost)).toEqual(expected)
    expect(gpu.map((charge) => amountOf(charge, at('20:00:00.000')).atLeast)).toEqual(expected)
  })
})

test('a machine that is gone without a word in its events is not made up', () => {
  expect(deletedMachineFrom(machineId, { label, wasOff: false }, aHistory(anEvent('createDone')))).toBeNull()
})

test('a machine that was off without an event, and then deleted, does not say that its GPU billed until then', () => {
  const history = aHistory(anEvent('createDone'), anEvent('deactivateDone'))
  const endOfGpu = (wasOff: boolean) =>
    deletedMachineFrom(machineId, { label, wasOff }, history)?.meters.find(({ kind }) => kind === 'gpu')?.until
  expect(endOfGpu(true)).toBeNull()
  expect(endOfGpu(false)).toBeGreaterThan(created)
})

test('a launch that its deletion cancelled bills until the deletion is done', () => {
  const deactivation = anEvent('deactivateDone')
  const cancelled = anEvent('createDone', { state: 'cancelled', dtFinished: deactivation.dtCreated })
  const machine = deletedMachineFrom(machineId, { label, wasOff: false }, aHistory(cancelled, deactivation))
  const ends = machine?.meters.map(({ until }) => until)
  expect(ends).toEqual([Date.parse(String(deactivation.dtFinished)), Date.parse(String(deactivation.dtFinished))])
})

test('a launch that a stop cancelled bills until the stop is done', () => {
  const stop = anEvent('stopDone')
  const cancelled = anEvent('createDone', { state: 'cancelled', dtFinished: stop.dtCreated })
  const off = machineFromPaperspace(aWireMachine({ state: 'off' }), aHistory(stop, cancelled), [])
  expect(off.meters.find(({ kind }) => kind === 'gpu')?.until).toBe(Date.parse(String(stop.dtFinished)))
})

test('a start that failed tells its whole stretch, also where the events before it are not shown', () => {
  const failed = anEvent('startFailed')
  const off = machineFromPaperspace(aWireMachine({ state: 'off' }), { ...aHistory(failed), whole: false }, [])
  const { since, until } = off.meters.find(({ kind }) => kind === 'gpu') ?? {}
  expect([since, until]).toEqual([Date.parse(String(failed.dtCreated)), Date.parse(String(failed.dtFinished))])
})
