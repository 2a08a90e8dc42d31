import { describe, expect, test } from 'vitest'
import { nanos } from '../../core/money.ts'
import { machineFromVast } from './machines.ts'
import { anInstance, anInstanceThatIs } from './testing.ts'
import { VastInstance } from './wire.ts'

const machine = (row: Record<string, unknown>) => machineFromVast(VastInstance.parse(row))
const phase = (changes: Record<string, unknown>) => machine(anInstance(changes)).phase
const meters = (changes: Record<string, unknown>) =>
  Object.fromEntries(machine(anInstance(changes)).meters.map(({ kind, state }) => [kind, state]))

test('a running machine', () => {
  expect(machine(anInstance())).toMatchObject({
    externalId: '27453221',
    label: 'gp-7d0c1a',
    phase: 'running',
    providerStatus: 'running',
    market: 'on_demand',
    gpu: { spelling: 'RTX 4090', count: 1 },
    region: 'canada',
    pricePerHour: nanos(346_666_667n),
    ssh: { host: '203.0.113.42', port: 40218, user: 'root' },
    endpoints: [{ containerPort: 8000, protocol: 'tcp', host: '203.0.113.42', port: 40219, url: null }],
    createdAt: 1_795_241_401_530,
    gpuUtilisation: 41,
    meters: [
      { kind: 'gpu', ratePerHour: nanos(346_666_667n), state: 'on', since: null, until: null, stepMs: 1_000 },
      {
        kind: 'disk',
        ratePerHour: nanos(27_777_778n),
        state: 'on',
        since: 1_795_241_401_530,
        until: null,
        stepMs: 1_000,
      },
    ],
  })
})

describe('the states of the document', () => {
  test.each([
    ['provisioning', 'pending', 'off', 'on'],
    ['loading', 'starting', 'off', 'on'],
    ['failed_create', 'failed', 'off', 'on'],
    ['stopped_by_us', 'stopped', 'off', 'on'],
    ['outbid', 'interrupted', 'off', 'on'],
    ['start_queued', 'pending', 'off', 'on'],
    ['host_offline', 'unclear', 'off', 'off'],
  ] as const)('%s is %s', (state, expected, gpu, disk) => {
    const seen = machine(anInstanceThatIs(state))
    expect(seen.phase).toBe(expected)
    expect(seen.meters.map((meter) => meter.state)).toEqual([gpu, disk])
    expect(seen.endpoints).toEqual([])
    expect(seen.ssh).toBeNull()
  })

  test('a disk that is not billed does not claim to run since the start', () => {
    expect(machine(anInstanceThatIs('host_offline')).meters[1]?.since).toBeNull()
  })
})

describe('phases', () => {
  test('a word we have not met is unclear', () => {
    expect(phase({ actual_status: 'levitating' })).toBe('unclear')
    expect(phase({ actual_status: 'unknown' })).toBe('unclear')
    expect(phase({ actual_status: 'frozen', intended_status: 'frozen' })).toBe('unclear')
    expect(phase({ actual_status: 'running', intended_status: 'levitating' })).toBe('unclear')
  })

  test('a stop that was asked for and has not happened is on its way', () => {
    expect(phase({ actual_status: 'running', intended_status: 'stopped' })).toBe('stopping')
  })

  test('a container that ended by itself will not come back', () => {
    expect(phase({ actual_status: 'exited' })).toBe('failed')
  })

  test('a bid that waits for its turn is interrupted, whatever it wants', () => {
    expect(phase({ is_bid: true, actual_status: 'exited' })).toBe('interrupted')
    expect(phase({ is_bid: true, actual_status: 'scheduling' })).toBe('interrupted')
    expect(phase({ is_bid: false, actual_status: 'scheduling' })).toBe('pending')
  })

  test('a bid that still wins was stopped on request', () => {
    const stopped = { is_bid: true, actual_status: 'exited', intended_status: 'stopped', cur_state: 'stopped' }
    expect(phase({ ...stopped, dph_base: 0.3, min_bid: 0.2 })).toBe('stopped')
    expect(phase({ ...stopped, dph_base: 0.3, min_bid: 0.3 })).toBe('stopped')
    expect(phase({ ...stopped, dph_base: 0.3, min_bid: null })).toBe('interrupted')
  })

  test('a bid that lost before it came up is interrupted, neither stopping nor failed', () => {
    const lost = { is_bid: true, cur_state: 'stopped', next_state: 'stopped', dph_base: 0.2, min_bid: 0.3 }
    for (const actual_status of [null, 'created', 'loading']) {
      expect(phase({ ...lost, actual_status, intended_status: 'stopped' })).toBe('interrupted')
      expect(phase({ ...lost, actual_status, intended_status: 'running' })).toBe('interrupted')
    }
    expect(phase({ ...lost, actual_status: 'loading', intended_status: 'stopped', min_bid: 0.1 })).toBe('stopping')
    expect(phase({ ...lost, actual_status: 'loading', intended_status: 'running', next_state: 'running' })).toBe(
      'starting',
    )
    expect(phase({ ...lost, is_bid: false, actual_status: 'loading', intended_status: 'running' })).toBe('starting')
  })

  test('a bid whose container failed while it held its GPUs is failed, or every relaunch would fail the same way', () => {
    const ended = { is_bid: true, actual_status: 'exited', status_msg: 'OCI runtime create failed' }
    expect(phase({ ...ended, cur_state: 'running' })).toBe('failed')
    expect(phase({ ...ended, cur_state: 'stopped', next_state: 'running' })).toBe('interrupted')
  })

  test('an old message does not fail a machine that runs', () => {
    expect(phase({ status_msg: 'Error response from daemon: gone since' })).toBe('running')
    expect(phase({ actual_status: 'loading', status_msg: 'manifest unknown' })).toBe('failed')
  })

  test('a released machine is ending, and only its absence ends it', () => {
    expect(phase({ cur_state: 'unloaded' })).toBe('ending')
  })

  test('a word is told with what was wanted', () => {
    expect(machine(anInstanceThatIs('stopped_by_us')).providerStatus).toBe('exited, intended stopped')
  })
})

describe('meters', () => {
  test('a paused machine bills its GPU', () => {
    expect(meters({ actual_status: 'frozen', intended_status: 'frozen' })).toEqual({ gpu: 'on', disk: 'on' })
  })

  test('what the document does not settle is unclear', () => {
    expect(meters({ actual_status: 'rebooting' })).toEqual({ gpu: 'unclear', disk: 'on' })
    expect(meters({ actual_status: 'unknown' })).toEqual({ gpu: 'unclear', disk: 'on' })
  })

  test('without a price there is no meter to read', () => {
    expect(meters({ dph_base: null, dph_total: null, storage_total_cost: null, storage_cost: null })).toEqual({})
  })

  test('a missing base price is the total without the disk', () => {
    expect(machine(anInstance({ dph_base: null })).pricePerHour).toBe(nanos(346_666_666n))
    expect(machine(anInstance({ storage_total_cost: null })).meters[1]?.ratePerHour).toBe(nanos(27_777_778n))
  })
})

describe('addresses', () => {
  test('without a published port 22, SSH goes through the proxy', () => {
    const ports = { '8000/tcp': [{ HostIp: '0.0.0.0', HostPort: '40219' }] }
    expect(machine(anInstance({ ports })).ssh).toEqual({ host: 'ssh5.vast.ai', port: 13220, user: 'root' })
    expect(machine(anInstance({ ports, image_runtype: 'jupyter_direc ssh_direc ssh_proxy' })).ssh?.port).toBe(13221)
  })

  test('a container that runs its own entrypoint has no SSH', () => {
    const seen = machine(anInstance({ image_runtype: 'args' }))
    expect(seen.ssh).toBeNull()
    expect(seen.endpoints.map((endpoint) => endpoint.containerPort)).toEqual([22, 8000])
  })

  test('anything but an object of ports means none yet', () => {
    for (const ports of [null, [], {}, [40218], 'soon', { '8000/tcp': null }]) {
      expect(machine(anInstance({ ports })).endpoints).toEqual([])
    }
  })

  test('an address may carry a line break; udp is told apart', () => {
    const seen = machine(
      anInstance({ public_ipaddr: '203.0.113.42\n', ports: { '5000/udp': [{ HostPort: '40300' }] } }),
    )
    expect(seen.endpoints).toEqual([
      { containerPort: 5000, protocol: 'udp', host: '203.0.113.42', port: 40300, url: null },
    ])
  })
})

test('tokens and environment values stay behind', () => {
  const parsed = JSON.stringify(VastInstance.parse(anInstance()))
  expect(parsed).not.toContain('hf_x')
  expect(parsed).not.toContain('53fc448d6644aa75')
})

test.each(['id', 'machine_id', 'actual_status', 'intended_status', 'cur_state', 'next_state'])(
  'an instance without %s is not understood',
  (field) => {
    const { [field]: _, ...rest } = anInstance()
    expect(VastInstance.safeParse(rest).success).toBe(false)
  },
)
