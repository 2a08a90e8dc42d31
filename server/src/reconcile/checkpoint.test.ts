import { beforeEach, describe, expect, test } from 'vitest'
import { stopInstance, terminateInstance } from '../app/instances.ts'
import { noPolicies } from '../core/instances/instance.ts'
import type { SshAccess } from '../core/instances/machine.ts'
import { hourMs, minuteMs, secondMs } from '../core/time.ts'
import type { MachineShell, RunOptions, ShellOutcome } from '../outbound/machine-shell.ts'
import { anInstanceId, someone } from '../testing/builders.ts'
import { type FakeProvider, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { commandOn, createCheckpointRunner } from './checkpoint-runner.ts'

const id = anInstanceId()
const done: ShellOutcome = { result: 'done', detail: 'saved', hostKey: 'the-host' }

let clock: VirtualClock
let vast: FakeProvider
let fleet: Reconciler
let runs: { access: SshAccess; command: string; options: RunOptions }[]
/** What a run comes to, and when. */
let answer: () => Promise<ShellOutcome>

const shell: MachineShell = {
  run(access, command, options) {
    runs.push({ access, command, options })
    return answer()
  },
}

beforeEach(async () => {
  clock = virtualClock()
  vast = fakeProvider({ clock })
  runs = []
  answer = async () => done
  fleet = await aReconciler({ clock, providers: [vast], shell })
})

const checkpoint = { command: 'save --all', timeoutMs: 2 * minuteMs }
async function ready(policies = { ...noPolicies, checkpoint }) {
  await fleet.wish({ sshPublicKey: 'ssh-ed25519 AAAA', policies })
  await fleet.until('ready', minuteMs)
}
const orders = () => vast.calls.filter((call) => /^(stop|terminate) /.test(call))
const told = async (kind: string) =>
  (await fleet.stores.events.list({ limit: 1_000 })).filter((event) => event.kind === kind)
const stop = () => stopInstance(id, someone, fleet.deps)
const terminate = (options = {}) => terminateInstance(id, someone, fleet.deps, options)

describe('before a stop', () => {
  test('the command runs, and the stop waits for its end', async () => {
    answer = async () => {
      await clock.sleep(40 * secondMs)
      return done
    }
    await ready()
    await stop()
    await fleet.pass(30 * secondMs)
    expect(runs).toMatchObject([
      {
        access: { host: 'vast-1.example.com' },
        command: 'save --all',
        options: { timeoutMs: 2 * minuteMs, hostKey: null },
      },
    ])
    expect(orders()).toEqual([])

    await fleet.until('stopped', minuteMs)
    expect(runs).toHaveLength(1)
    expect(await told('checkpoint')).toMatchObject([{ message: 'the checkpoint command saved the work: saved' }])
    expect((await fleet.instance()).launch).toMatchObject({ checkpointResult: 'done', hostKey: 'the-host' })
  })

  test('it is written down before it begins', async () => {
    let written: unknown
    answer = async () => {
      written = (await fleet.instance()).launch?.checkpointStartedAt
      return done
    }
    await ready()
    await stop()
    await fleet.until('stopped', minuteMs)
    expect(written).toEqual(expect.any(Number))
  })

  test('the next time it runs again, on the host that is known', async () => {
    await ready()
    await stop()
    await fleet.until('stopped', minuteMs)
    const { startInstance } = await import('../app/instances.ts')
    await startInstance(id, someone, fleet.deps)
    await fleet.until('ready', minuteMs)
    await stop()
    await fleet.until('stopped', minuteMs)
    expect(runs.map(({ options }) => options.hostKey)).toEqual([null, 'the-host'])
  })

  test.each(['failed', 'unreachable', 'timed_out'] as const)(
    '%s: people are told, and the stop goes on',
    async (result) => {
      answer = async () => ({ result, detail: 'why', hostKey: null })
      await ready()
      await stop()
      await fleet.until('stopped', 30 * secondMs)
      expect(await told('checkpoint')).toMatchObject([{ message: expect.stringContaining('why'), data: { result } }])
    },
  )

  test('what it prints is shown without the secrets of the instance', async () => {
    const secrets = { environment: { TOKEN: 'hf_supersecretvalue123' }, registryAuth: null, onstartScript: null }
    fleet.stores.instances.secretsOf = async () => secrets
    answer = async () => ({ result: 'failed', detail: 'no access with hf_supersecretvalue123', hostKey: null })
    fleet = await aReconciler({ clock, providers: [vast], shell, beside: fleet })
    await ready()
    await stop()
    await fleet.until('stopped', minuteMs)
    const [event] = await told('checkpoint')
    expect(event?.message).toContain('no access with')
    expect(event?.message).not.toContain('hf_supersecretvalue123')
  })
})

test('what it prints is shown without what the command itself holds', async () => {
  answer = async () => ({ result: 'failed', detail: 'sh: no bucket for sk-very-secret-token', hostKey: null })
  const command = 'save --all && KEY="sk-very-secret-token" upload'
  await ready({ ...noPolicies, checkpoint: { command, timeoutMs: minuteMs } })
  await stop()
  await fleet.until('stopped', minuteMs)
  const [event] = await told('checkpoint')
  expect(event?.message).toContain('no bucket for')
  expect(event?.message).not.toContain('sk-very')
})

describe('a process that dies meanwhile', () => {
  test('the next one waits for the limit, and then stops the machine', async () => {
    answer = () => new Promise(() => {})
    await ready()
    await stop()
    await fleet.pass(10 * secondMs)
    const next = await aReconciler({ clock, providers: [vast], shell, beside: fleet })
    await next.pass(2 * minuteMs)
    expect(orders()).toEqual([])

    await next.until('stopped', minuteMs)
    expect(runs).toHaveLength(1)
    expect(await told('checkpoint')).toMatchObject([{ data: { result: 'timed_out' } }])
  })

  test('one that leaves hangs up, and writes nothing down that it does not know', async () => {
    await ready()
    const { launch } = await fleet.instance()
    if (launch === null) throw new Error('it has no machine')
    let signal: AbortSignal | undefined
    const runner = createCheckpointRunner({
      ...fleet.deps,
      shell: {
        run: (_access, _command, options) => {
          signal = options.signal
          return new Promise((resolve) =>
            options.signal?.addEventListener('abort', () => resolve({ ...done, result: 'timed_out' })),
          )
        },
      },
    })
    runner.start(launch, launch.ssh, checkpoint, 'container')
    await runner.stop()
    expect(signal?.aborted).toBe(true)
    expect((await fleet.instance()).launch).toMatchObject({ checkpointEndedAt: null })
  })
})

describe('before an end', () => {
  test('it runs as well', async () => {
    await ready()
    await terminate()
    await fleet.until('terminated', minuteMs)
    expect(runs).toHaveLength(1)
  })

  test('by force it does not, also when it runs already', async () => {
    answer = () => new Promise(() => {})
    await ready()
    await terminate()
    await fleet.pass(10 * secondMs)
    expect(orders()).toEqual([])
    await terminate({ force: true })
    await fleet.until('terminated', 20 * secondMs)
    expect(runs).toHaveLength(1)

    const other = anInstanceId(2)
    await fleet.wish({ sshPublicKey: 'ssh-ed25519 AAAA', policies: { ...noPolicies, checkpoint } }, other)
    await fleet.until('ready', minuteMs, other)
    await terminateInstance(other, someone, fleet.deps, { force: true })
    await fleet.until('terminated', 20 * secondMs, other)
    expect(runs).toHaveLength(1)
  })

  test('of a machine that is down, never was up, or needs none, nothing is run', async () => {
    await ready({ ...noPolicies, checkpoint: null } as never)
    await terminate()
    await fleet.until('terminated', minuteMs)
    const wish = { sshPublicKey: 'ssh-ed25519 AAAA', policies: { ...noPolicies, checkpoint } }
    const young = anInstanceId(3)
    vast.afterMade = (made) => vast.setPhase(made, 'starting')
    await fleet.wish(wish, young)
    const { launch: starting } = await fleet.until('starting', minuteMs, young)
    await terminateInstance(young, someone, fleet.deps)
    vast.setPhase(starting?.externalId ?? '', 'running')
    await fleet.until('terminated', 20 * secondMs, young)
    vast.afterMade = undefined

    const down = anInstanceId(2)
    await fleet.wish({ ...wish, onInterruption: 'wait' }, down)
    const { launch } = await fleet.until('ready', minuteMs, down)
    vast.setPhase(launch?.externalId ?? '', 'interrupted')
    await fleet.until('interrupted', minuteMs, down)
    await terminateInstance(down, someone, fleet.deps)
    await fleet.until('terminated', 20 * secondMs, down)
    expect(runs).toEqual([])
  })

  test('a marketplace that shows no address for it: told, and ended', async () => {
    await fleet.wish({ policies: { ...noPolicies, checkpoint } })
    await fleet.until('ready', minuteMs)
    await terminate()
    await fleet.until('terminated', 20 * secondMs)
    expect(await told('checkpoint')).toMatchObject([{ data: { result: 'unreachable' } }])
  })
})

test('our own policies save the work too', async () => {
  await ready({ ...noPolicies, checkpoint, maxLifetimeMs: hourMs } as never)
  await fleet.pass(65 * minuteMs, 5 * secondMs)
  expect(await fleet.instance()).toMatchObject({ status: 'terminated', because: 'lease_over' })
  expect(runs).toHaveLength(1)
  expect(vast.machines.size).toBe(0)
})

describe('an announced reclaim', () => {
  const announce = (inMs: number) => {
    const machine = vast.machines.get('vast-1')
    if (machine !== undefined) vast.machines.set('vast-1', { ...machine, reclaimAt: clock.now() + inMs })
  }

  test('is told once, with what becomes of the disk, and the work is saved; the machine runs on', async () => {
    await ready()
    announce(hourMs)
    await fleet.pass(5 * minuteMs)

    expect(await told('reclaim_announced')).toMatchObject([
      {
        message: expect.stringMatching(/takes the machine in 60 min; its disk survives/),
        data: { disk_survives: true },
      },
    ])
    expect(runs).toHaveLength(1)
    expect(orders()).toEqual([])
    expect(await fleet.instance()).toMatchObject({ status: 'ready', launch: { reclaimAt: expect.any(Number) } })
  })

  test('without a checkpoint is told all the same; after the loss another machine is rented', async () => {
    await ready({ ...noPolicies, checkpoint: null } as never)
    announce(hourMs)
    await fleet.pass(minuteMs)
    expect(await told('reclaim_announced')).toHaveLength(1)
    vast.offers.push({ ...(vast.offers[0] as never as object), externalId: 'next', placeKey: 'next' } as never)
    vast.setPhase('vast-1', 'interrupted')
    await fleet.pass(minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 2 })
  })
})

test('on a VM the command runs in the container, as one word whatever is in it', () => {
  const nasty = `echo "$(id)" '; rm -rf /'`
  expect(commandOn('container', nasty)).toBe(nasty)
  const wrapped = commandOn('vm', nasty)
  expect(wrapped).toMatch(/^sudo -n docker exec gpufleet sh -c "\$\(printf %s [A-Za-z0-9+/=]+ \| base64 -d\)"$/)
  expect(Buffer.from(/%s (\S+)/.exec(wrapped)?.[1] ?? '', 'base64').toString()).toBe(nasty)
})
