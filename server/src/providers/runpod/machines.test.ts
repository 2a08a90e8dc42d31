import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { minuteMs } from '../../core/time.ts'
import { runningDiskRate, stoppedDiskRate, volumeGbFor } from './disks.ts'
import { machineFromRunpod, phaseFromRunpod } from './machines.ts'
import { aPodRow, aPodThatIs, createdAt, parsedPod, seenAt } from './testing.ts'
import { RunpodPod } from './wire.ts'

const fresh = { at: seenAt, wasStopped: false }
const machineThatIs = (state: Parameters<typeof aPodThatIs>[0], reading = fresh) =>
  machineFromRunpod(parsedPod(aPodThatIs(state)), reading)
const metersOf = ({ meters }: ReturnType<typeof machineFromRunpod>) =>
  meters.map(({ kind, state, since }) => [kind, state, since])

describe('phases', () => {
  test.each([
    ['provisioning', 'pending'],
    ['starting', 'starting'],
    ['justMade', 'starting'],
    ['justMadeWithEmptyRuntime', 'starting'],
    ['withoutPorts', 'starting'],
    ['exited', 'stopped'],
    ['error', 'failed'],
    ['terminated', 'ended'],
    ['newWord', 'unclear'],
  ] as const)('%s is %s', (state, phase) => {
    expect(phaseFromRunpod(parsedPod(aPodThatIs(state)))).toBe(phase)
  })

  test('runs with a runtime and each tcp port; http ports have none of their own', () => {
    expect(phaseFromRunpod(parsedPod(aPodRow()))).toBe('running')
    expect(phaseFromRunpod(parsedPod(aPodRow({ ports: ['8000/http'], runtime: { uptime: 1 } })))).toBe('running')
  })
})

describe('a machine that runs', () => {
  const machine = machineFromRunpod(parsedPod(aPodRow()), fresh)

  test('tells where to reach it', () => {
    expect(machine).toMatchObject({
      externalId: '5xpma5eg46tqjq',
      label: 'gf-home-inst_7d0c1a-1',
      phase: 'running',
      market: 'on_demand',
      gpu: { spelling: 'NVIDIA GeForce RTX 4090', count: 2 },
      region: 'europe-central',
      pricePerHour: nanosFromUsd('1.38'),
      ssh: { host: '203.0.113.77', port: 34446, user: 'root' },
      createdAt,
      gpuUtilisation: 92,
    })
    expect(machine.endpoints).toEqual([
      {
        containerPort: 8000,
        protocol: 'http',
        host: '5xpma5eg46tqjq-8000.proxy.runpod.net',
        port: 443,
        url: 'https://5xpma5eg46tqjq-8000.proxy.runpod.net',
      },
      { containerPort: 9000, protocol: 'tcp', host: '203.0.113.77', port: 34447, url: null },
    ])
  })

  test('has SSH by its port even where the ssh block is silent', () => {
    const silent = machineFromRunpod(parsedPod(aPodRow({ ssh: { proxy: null, direct: null } })), fresh)
    expect(silent.ssh).toEqual({ host: '203.0.113.77', port: 34446, user: 'root' })
  })

  test('keeps no secret', () => {
    expect(JSON.stringify(RunpodPod.parse(aPodRow()))).not.toContain('hf_very_secret')
  })
})

test('a stopped pod has no address, whatever stale ports it shows', () => {
  expect(machineThatIs('exited')).toMatchObject({ ssh: null, endpoints: [], pricePerHour: null, gpuUtilisation: null })
})

describe('meters', () => {
  test('run from creation, before the container does', () => {
    for (const state of ['provisioning', 'starting', 'justMade'] as const) {
      expect(metersOf(machineThatIs(state))).toEqual([
        ['gpu', 'on', createdAt],
        ['disk', 'on', createdAt],
      ])
    }
    expect(machineThatIs('justMade').meters).toMatchObject([
      { ratePerHour: nanosFromUsd('1.38'), stepMs: 1000, until: null },
      { ratePerHour: nanosFromUsd('0.013888889'), stepMs: 1000, until: null },
    ])
  })

  test('after a stop only the volume bills, at twice the price; a stale cost does not', () => {
    for (const state of ['exited', 'exitedWithStaleCost'] as const) {
      expect(metersOf(machineThatIs(state))).toEqual([
        ['gpu', 'off', null],
        ['disk', 'on', null],
      ])
    }
    expect(machineThatIs('exited').meters[1]?.ratePerHour).toBe(nanosFromUsd('0.022222222'))
    const bare = machineFromRunpod(parsedPod(aPodRow({ status: 'EXITED', mounts: {} })), fresh)
    expect(bare.meters[1]).toMatchObject({ state: 'off' })
  })

  test('do not claim the creation once the pod was stopped, or is old', () => {
    const again = machineThatIs('justMade', { at: seenAt, wasStopped: true })
    const old = machineThatIs('justMade', { at: createdAt + 21 * minuteMs, wasStopped: false })
    for (const machine of [again, old]) {
      expect(metersOf(machine)).toEqual([
        ['gpu', 'on', null],
        ['disk', 'on', null],
      ])
    }
  })

  test('are in doubt without a runtime: a pod whose host went away looks like one that comes up, and is not billed', () => {
    const doubts = (state: Parameters<typeof aPodThatIs>[0]) =>
      machineThatIs(state).meters.map(({ doubtful }) => doubtful === true)
    expect(doubts('justMade')).toEqual([true, true])
    expect(doubts('justMadeWithEmptyRuntime')).toEqual([true, true])
    expect(doubts('withoutPorts')).toEqual([false, false])
    expect(doubts('provisioning')).toEqual([false, false])
  })

  test('are unclear in a state of which the bill is not known', () => {
    for (const state of ['error', 'newWord'] as const) {
      expect(metersOf(machineThatIs(state)).map(([, is]) => is)).toEqual(['unclear', 'unclear'])
    }
    expect(metersOf(machineThatIs('terminated')).map(([, is]) => is)).toEqual(['off', 'off'])
  })
})

describe('disks', () => {
  test('the asked size is the container disk and the volume together', () => {
    expect([1, 30, 31, 100, 100.2].map(volumeGbFor)).toEqual([10, 10, 11, 80, 81])
  })

  test('the rate is rounded once, for the whole', () => {
    // 0.10 $ per GB and month: a third of a nano-dollar short of 138,889 per GB.
    expect(runningDiskRate(20, 80)).toBe(13_888_889n)
    expect(stoppedDiskRate(100)).toBe(27_777_778n)
    expect(stoppedDiskRate(0)).toBe(0n)
  })
})

test('a pod that misses what it is judged by is an error, an unknown key is not', () => {
  for (const key of ['id', 'status', 'cost', 'disk', 'mounts', 'ports', 'createdAt']) {
    expect(RunpodPod.safeParse(aPodRow({ [key]: undefined })).success).toBe(false)
  }
  expect(RunpodPod.safeParse(aPodRow({ brandNew: 1, cost: '0.69', gpu: undefined })).success).toBe(true)
})
