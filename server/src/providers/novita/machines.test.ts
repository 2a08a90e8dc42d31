import { describe, expect, test } from 'vitest'
import { nanos } from '../../core/money.ts'
import { contradictsPullingStart, machineFromNovita, phaseFromNovita, sshFrom } from './machines.ts'
import { aListedRow, aRow, aRowThatIs, now, wireOf } from './testing.ts'

const machineOf = (row: Record<string, unknown>) => machineFromNovita(wireOf(row), { now })
const meter = (row: Record<string, unknown>, kind: 'gpu' | 'disk') =>
  machineOf(row).meters.find((reading) => reading.kind === kind)
const started = 1_767_222_090_000

test('a running machine is read whole', () => {
  expect(machineOf(aRow())).toEqual({
    externalId: '3560b7fec915bbf9',
    label: 'gf-home-inst_7d0c1a-1',
    phase: 'running',
    providerStatus: 'running',
    message: null,
    market: 'spot',
    gpu: { spelling: 'RTX 4090 24GB', count: 1 },
    region: 'us-west',
    pricePerHour: 180_000_000n,
    ssh: { host: 'proxy.us-ca-6.gpu-instance.novita.ai', port: 32_787, user: 'root' },
    endpoints: [
      {
        containerPort: 8888,
        protocol: 'http',
        host: '3560b7fec915bbf9-8888.us-ca-6.gpu-instance.novita.ai',
        port: 443,
        url: 'https://3560b7fec915bbf9-8888.us-ca-6.gpu-instance.novita.ai',
      },
      {
        containerPort: 22022,
        protocol: 'tcp',
        host: 'proxy.us-ca-6.gpu-instance.novita.ai',
        port: 32_788,
        url: null,
      },
    ],
    createdAt: 1_767_222_000_000,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: [{ kind: 'gpu', ratePerHour: 180_000_000n, state: 'on', since: started, until: null, stepMs: 1000 }],
  })
})

test('passwords are not even parsed', () => {
  expect(JSON.stringify(wireOf(aRow()))).not.toContain('q7Yd0')
})

describe('phases', () => {
  test.each([
    ['justCreated', 'pending'],
    ['pulling', 'starting'],
    ['pullFails', 'failed'],
    ['startFailed', 'failed'],
    ['notified', 'running'],
    ['reclaimed', 'interrupted'],
    ['stoppedByUser', 'stopped'],
    ['removing', 'ending'],
    ['removed', 'ended'],
  ] as const)('%s is %s', (state, phase) => {
    expect(machineOf(aRowThatIs(state)).phase).toBe(phase)
  })

  test('every documented word has one, and a word that we have not met is unclear', () => {
    const words = {
      toCreate: 'pending',
      creating: 'starting',
      pulling: 'starting',
      running: 'running',
      toStart: 'starting',
      starting: 'starting',
      toStop: 'stopping',
      stopping: 'stopping',
      exited: 'stopped',
      toRestart: 'starting',
      restarting: 'starting',
      toRemove: 'ending',
      removing: 'ending',
      removed: 'ended',
      toReset: 'starting',
      resetting: 'starting',
      migrating: 'unclear',
      freezing: 'unclear',
      pending: 'pending',
      somethingNew: 'unclear',
    }
    for (const [status, phase] of Object.entries(words)) expect(machineOf(aRow({ status })).phase).toBe(phase)
  })

  test('an error beside a status that may pass has some minutes to pass', () => {
    const wire = wireOf(aRowThatIs('pullFails'))
    const created = 1_767_222_000_000
    expect(phaseFromNovita(wire, created + 60_000)).toBe('starting')
    expect(phaseFromNovita(wire, created + 200_000)).toBe('failed')
    expect(machineOf(aRowThatIs('pullFails')).message).toBe('pull image failed: manifest unknown')
  })

  test('an exit with a reclaim time is an interruption, and so is contract 002’s invented word', () => {
    expect(machineOf(aRow({ status: 'exited', spotStatus: '', spotReclaimTime: '1767229325' })).phase).toBe(
      'interrupted',
    )
    expect(machineOf(aRow({ status: 'exited', spotStatus: 'reclaimed' })).phase).toBe('interrupted')
  })
})

test('a machine that was taken before it came up is interrupted, not failed', () => {
  for (const status of ['creating', 'pulling']) {
    const taken = aRow({ status, spotStatus: 'terminated', statusError: { state: 'failed', message: 'reclaimed' } })
    expect(machineOf(taken).phase).toBe('interrupted')
    expect(machineOf(aRow({ status, spotStatus: 'notified', spotReclaimTime: '1767229325' }))).toMatchObject({
      phase: 'starting',
      reclaimAt: 1_767_229_325_000,
    })
  }
})

test('the planned reclaim is told while it is planned', () => {
  expect(machineOf(aRowThatIs('notified'))).toMatchObject({ reclaimAt: 1_767_229_325_000, phase: 'running' })
  expect(machineOf(aRowThatIs('reclaimed')).reclaimAt).toBeNull()
})

describe('the GPU meter', () => {
  test('runs from pulling until the exit, by their times', () => {
    expect(meter(aRowThatIs('justCreated'), 'gpu')).toMatchObject({ state: 'off', since: null, until: null })
    expect(meter(aRowThatIs('pulling'), 'gpu')).toMatchObject({ state: 'on', since: started })
    expect(meter(aRow({ status: 'toStop' }), 'gpu')).toMatchObject({ state: 'on', since: started })
    expect(meter(aRowThatIs('stoppedByUser'), 'gpu')).toMatchObject({
      state: 'off',
      since: started,
      until: 1_767_225_690_000,
    })
    expect(meter(aRowThatIs('reclaimed'), 'gpu')).toMatchObject({ state: 'off', until: 1_767_229_330_000 })
  })

  test('in a later run the stop of the earlier one is no end', () => {
    const again = aRow({ lastStartedAt: '1767225000', lastStoppedAt: '1767224000' })
    expect(meter(again, 'gpu')).toMatchObject({ state: 'on', since: 1_767_225_000_000, until: null })
  })

  test('pulling again with the times of the earlier run does not begin then', () => {
    const row = aRowThatIs('pulling', { lastStoppedAt: '1767225000' })
    expect(meter(row, 'gpu')).toMatchObject({ state: 'on', since: null })
  })

  test('a machine that is removed bills only if it was not stopped before', () => {
    expect(meter(aRowThatIs('removing'), 'gpu')?.state).toBe('on')
    expect(meter(aRowThatIs('removing', { lastStoppedAt: '1767225690' }), 'gpu')?.state).toBe('off')
    expect(meter(aRowThatIs('removing', { lastStartedAt: '0' }), 'gpu')?.state).toBe('unclear')
    expect(meter(aRowThatIs('removed'), 'gpu')?.state).toBe('off')
  })

  test('words that we have not met, migrations and arrears say nothing', () => {
    for (const status of ['somethingNew', 'migrating', 'freezing', 'starting']) {
      expect(meter(aRow({ status }), 'gpu')).toMatchObject({ state: 'unclear', since: null, until: null })
    }
  })

  test('by the other reading of lastStartedAt its start is not told', () => {
    expect(contradictsPullingStart(wireOf(aRowThatIs('pulling', { lastStartedAt: '0' })))).toBe(true)
    expect(contradictsPullingStart(wireOf(aRowThatIs('pulling')))).toBe(false)
    const machine = machineFromNovita(wireOf(aRow()), { now, startedAtMeans: 'running' })
    expect(machine.meters[0]).toMatchObject({ kind: 'gpu', state: 'on', since: null })
  })

  test('takes the agreed rate from the machine, else today’s price, else there is none', () => {
    const foreign = wireOf(aRow({ envs: null }))
    const rateOf = () => nanos(350_000_000n)
    expect(machineFromNovita(wireOf(aRow()), { now, rateOf }).pricePerHour).toBe(180_000_000n)
    expect(machineFromNovita(foreign, { now, rateOf }).pricePerHour).toBe(350_000_000n)
    expect(machineFromNovita(foreign, { now })).toMatchObject({ pricePerHour: null, meters: [] })
    expect(machineFromNovita(wireOf(aRow({ billingMode: 'monthly' })), { now, rateOf }).pricePerHour).toBeNull()
    const spoilt = aRow({ envs: [{ key: 'GPUFLEET_GPU_NANOS_PER_HOUR', value: '-5' }] })
    expect(machineOf(spoilt).pricePerHour).toBeNull()
  })
})

describe('the disk meter', () => {
  const big = { rootfsSize: '100' }

  test('is silent within the free 60 GB', () => {
    expect(meter(aRow({ rootfsSize: 60 }), 'disk')).toBeUndefined()
  })

  test('runs the same while running and while stopped, until it is removed', () => {
    expect(meter(aRow(big), 'disk')).toMatchObject({ ratePerHour: 8_333_333n, state: 'on', since: started })
    expect(meter(aRowThatIs('stoppedByUser', big), 'disk')).toMatchObject({ ratePerHour: 8_333_333n, state: 'on' })
    expect(meter(aRowThatIs('removing', big), 'disk')?.state).toBe('on')
    expect(meter(aRowThatIs('removed', big), 'disk')?.state).toBe('off')
    expect(meter(aRowThatIs('justCreated', big), 'disk')?.state).toBe('off')
  })

  test('does not begin anew with a later run', () => {
    const again = aRow({ ...big, lastStartedAt: '1767225000', lastStoppedAt: '1767224000' })
    expect(meter(again, 'disk')).toMatchObject({ state: 'on', since: null })
  })
})

describe('addresses', () => {
  const mapped = (endpoint: string, type = 'tcp', port: number | string = 9000) =>
    machineOf(aRow({ portMappings: [{ port, endpoint, type }] })).endpoints

  test('are read with and without a scheme, and not before they are allocated', () => {
    expect(mapped('198.51.100.7:32788')).toMatchObject([{ protocol: 'tcp', host: '198.51.100.7', port: 32_788 }])
    expect(mapped('tcp://proxy.example:5', 'tcp', '9000')).toMatchObject([{ containerPort: 9000, port: 5 }])
    expect(mapped('x-1.novita.ai', 'http')).toMatchObject([{ port: 443, url: 'https://x-1.novita.ai' }])
    expect(mapped('http://x-1.novita.ai/', 'http')).toMatchObject([{ port: 80, url: 'http://x-1.novita.ai' }])
    expect(mapped('')).toEqual([])
    expect(mapped('no port')).toEqual([])
  })

  test('are there only while the machine runs', () => {
    expect(machineOf(aRow({ status: 'stopping' }))).toMatchObject({ endpoints: [], ssh: null })
  })

  test('SSH goes to a published port 22, else to the component; port 22 there means not yet', () => {
    const published = { portMappings: [{ port: 22, endpoint: 'proxy.example:40022', type: 'tcp' }] }
    const component = (sshCommand: string) => sshFrom(wireOf(aRow({ connectComponentSSH: { sshCommand } })))
    expect(sshFrom(wireOf(aRow(published)))).toEqual({ host: 'proxy.example', port: 40_022, user: 'root' })
    expect(component('ssh root@host.example -p 33001')).toEqual({ host: 'host.example', port: 33_001, user: 'root' })
    expect(component('ssh -p 22 root@host.example')).toBeNull()
    expect(component('')).toBeNull()
    expect(sshFrom(wireOf(aListedRow()))).toBeNull()
    expect(sshFrom(wireOf(aListedRow({ sshCommand: 'ssh -p 7 root@old.example' })))?.port).toBe(7)
  })
})

test('what may be odd is understood: numbers as texts, empty words, null parts', () => {
  const odd = aRow({
    gpuNum: 2,
    billingMode: '',
    spotStatus: '',
    statusError: null,
    portMappings: null,
    lastStoppedAt: '',
    spotReclaimTime: '',
    createdAt: 1_767_222_000,
    clusterName: null,
    node: { maxRootfsSize: 1 },
  })
  expect(machineOf(odd)).toMatchObject({ market: 'on_demand', gpu: { count: 2 }, region: 'us-west', endpoints: [] })
  expect(machineOf(aRow({ billingMode: '', spotStatus: 'running' })).market).toBe('spot')
})
