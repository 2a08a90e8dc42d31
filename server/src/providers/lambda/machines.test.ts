import { expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import booting from './fixtures/instance-booting.json' with { type: 'json' }
import { isGone, machineFromLambda, phaseFromLambda } from './machines.ts'
import { anInstance } from './testing.ts'
import { LambdaInstance } from './wire.ts'

const ip = '198.51.100.24'

function machine(changes: Record<string, unknown> = {}, wasActive = false) {
  return machineFromLambda(LambdaInstance.parse(anInstance(changes)), { wasActive })
}

test('an active machine runs, is reached directly and bills by the minute', () => {
  expect(machine()).toEqual({
    externalId: '5d3f0a5c1b7e4f0c9a2b6e1d8c7f4a10',
    label: 'gf-home-inst_7d0c1a-1',
    phase: 'running',
    providerStatus: 'active',
    message: null,
    market: 'on_demand',
    gpu: { spelling: 'gpu_1x_a10', count: 1 },
    region: 'us-east',
    pricePerHour: nanosFromUsd('0.75'),
    ssh: { host: ip, port: 22, user: 'ubuntu' },
    endpoints: [
      { containerPort: 8000, protocol: 'http', host: ip, port: 8000, url: null },
      { containerPort: 5000, protocol: 'udp', host: ip, port: 5000, url: null },
    ],
    createdAt: null,
    reclaimAt: null,
    gpuUtilisation: null,
    meters: [{ kind: 'gpu', ratePerHour: nanosFromUsd('0.75'), state: 'on', since: null, until: null, stepMs: 60_000 }],
  })
})

test('a booting machine has no address, and bills nothing', () => {
  const seen = machineFromLambda(LambdaInstance.parse(booting.answer.data), { wasActive: false })
  expect(seen).toMatchObject({ phase: 'starting', ssh: null, endpoints: [], meters: [{ state: 'off' }] })
})

test.each([
  ['booting', 'starting'],
  ['active', 'running'],
  ['unhealthy', 'unclear'],
  ['terminating', 'ending'],
  ['terminated', 'ended'],
  ['preempted', 'ended'],
  ['contactable', 'unclear'],
  ['error', 'unclear'],
])('%s reads as %s', (status, phase) => {
  expect(phaseFromLambda({ status, ip })).toBe(phase)
})

test('an active machine without an address cannot be used yet, but bills', () => {
  for (const absent of [null, undefined]) {
    expect(machine({ ip: absent })).toMatchObject({ phase: 'starting', ssh: null, meters: [{ state: 'on' }] })
  }
})

test.each([
  ['booting', false, 'off'],
  ['booting', true, 'off'],
  ['active', false, 'on'],
  ['unhealthy', true, 'on'],
  // It may never have been active: nothing is begun, and nothing that runs is ended.
  ['unhealthy', false, 'unclear'],
  ['terminating', true, 'off'],
  ['terminated', true, 'off'],
  ['preempted', true, 'off'],
  ['a-new-word', true, 'unclear'],
])('the meter of %s (was active: %s) is %s', (status, wasActive, state) => {
  expect(machine({ status }, wasActive).meters).toMatchObject([{ state }])
})

test('only terminated and preempted machines are gone', () => {
  const gone = ['booting', 'active', 'unhealthy', 'terminating', 'terminated', 'preempted', 'new'].filter((status) =>
    isGone({ status }),
  )
  expect(gone).toEqual(['terminated', 'preempted'])
  expect(machine({ status: 'preempted' }).message).toContain('took the machine back')
})

test('the label is read from the tag, which nobody can change, else from the name', () => {
  expect(machine({ name: 'renamed by hand' }).label).toBe('gf-home-inst_7d0c1a-1')
  expect(machine({ tags: undefined }).label).toBe('gf-home-inst_7d0c1a-1')
  expect(machine({ tags: [], name: null }).label).toBeNull()
  expect(machine({ tags: 'odd', name: '' }).label).toBeNull()
})

test('the token of the notebook does not travel past the wire', () => {
  expect(JSON.stringify(LambdaInstance.parse(anInstance()))).not.toContain('jupytersecret')
})

test('a machine we cannot bill or place is unreadable', () => {
  for (const changes of [{ id: '' }, { status: null }, { region: null }, { instance_type: { name: 'x' } }]) {
    expect(LambdaInstance.safeParse(anInstance(changes)).success).toBe(false)
  }
})
