import { describe, expect, test } from 'vitest'
import type { Machine, Phase } from '../../core/instances/machine.ts'
import { nanos, nanosFromUsd } from '../../core/money.ts'
import { hourMs, minuteMs } from '../../core/time.ts'
import { cases } from './cases.ts'
import { anOrder, aRig, publicKey, type Rig } from './rig.ts'
import { verbsOf } from './verbs.ts'

describe.each(cases)('$name', (marketplace) => {
  const stops = aRig(marketplace).provider.describe().abilities.canStop
  const phaseOf = async (rig: Rig, id: string) => (await rig.seen(id)).phase
  const untilPhase = (rig: Rig, id: string, ...phases: Phase[]) =>
    rig.until(async () => {
      const machine = await rig.seen(id)
      return phases.includes(machine.phase) && machine
    }, rig.provider.describe().abilities.startDeadlineMs)

  // Where there is no stop, there is no such case; that it is refused is another one.
  const whereItStops = stops ? test : () => {}
  whereItStops('stops, keeps its disk, and starts again; each may be repeated', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { machine } = await rig.running()
    const id = machine.externalId

    await rig.done(provider.stop(id))
    await rig.done(provider.stop(id))
    const stopped = await untilPhase(rig, id, 'stopped')
    await rig.done(provider.stop(id))
    expect(stopped).toMatchObject({ ssh: null, endpoints: [], label: machine.label })
    expect(rig.bill().filter(({ kind, endedAt }) => kind === 'gpu' && endedAt === null)).toEqual([])

    await rig.pass(hourMs)
    await rig.done(provider.start(id))
    await rig.done(provider.start(id))
    const again = await untilPhase(rig, id, 'running')
    await rig.done(provider.start(id))
    expect(again.pricePerHour).toBe(machine.pricePerHour)
    const back = await rig.until(async () => {
      const { machines } = await rig.done(provider.look())
      return machines.find((one) => one.externalId === id && one.ssh !== null)
    }, minuteMs)
    expect(back.endpoints.map(({ containerPort }) => containerPort)).toContain(8000)
  })

  test('says clearly what it cannot do', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { abilities } = provider.describe()
    const { machine } = await rig.running()
    const id = machine.externalId
    const impossible: [boolean, () => Promise<unknown>][] = [
      [abilities.canStop, () => provider.stop(id)],
      [abilities.canStart, () => provider.start(id)],
      [abilities.canRestart, () => provider.restart(id)],
      [abilities.hasBids, () => provider.changeBid(id, nanosFromUsd(1))],
      [abilities.hasLogs, () => provider.logs(id, { tail: 5 })],
      [abilities.hasSshKeys, () => provider.sshKeys()],
      [abilities.hasSshKeys, () => provider.addSshKey({ name: 'contract', publicKey })],
    ]
    for (const [can, order] of impossible) if (!can) expect((await rig.failure(order())).kind).toBe('rejected')
    if (!abilities.hasBalance) expect(await rig.done(provider.balance())).toBeNull()
    expect(await phaseOf(rig, id)).toBe('running')
  })

  test('restarts and comes back', async () => {
    const rig = aRig(marketplace)
    if (!rig.provider.describe().abilities.canRestart) return
    const { machine } = await rig.running()
    await rig.done(rig.provider.restart(machine.externalId))
    await rig.pass(10 * minuteMs)
    await untilPhase(rig, machine.externalId, 'running')
    expect(rig.ours()).toHaveLength(1)
  })

  test('terminates, repeats it, becomes absent, and bills nothing any more', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { abilities } = provider.describe()
    const { machine } = await rig.running()
    const id = machine.externalId
    await rig.done(provider.terminate(id))
    await rig.done(provider.terminate(id))
    const phases = new Set<string>()
    await rig.until(async () => {
      const sighting = await rig.done(provider.lookAt(id))
      phases.add(sighting.kind === 'seen' ? sighting.machine.phase : sighting.kind)
      return sighting.kind === 'absent' || (sighting.kind === 'seen' && sighting.machine.phase === 'ended')
    }, abilities.endDeadlineMs)
    expect(
      [...phases].filter((phase) => !['running', 'stopping', 'ending', 'ended', 'absent'].includes(phase)),
    ).toEqual([])
    await rig.done(provider.terminate(id))
    await rig.pass(abilities.listLagMs)
    const { machines } = await rig.done(provider.look())
    expect(machines.filter(({ externalId, phase }) => externalId === id && phase !== 'ended')).toEqual([])
    expect(rig.bill().filter(({ endedAt }) => endedAt === null)).toEqual([])

    const later = await rig.done(rig.another().lookAt(id))
    if (later.kind === 'seen') expect(later.machine.phase).toBe('ended')
    else expect(later.kind).toBe('absent')
  })

  test('terminates while it starts, and while it is stopped', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { abilities } = provider.describe()
    const young = await rig.launch()
    await rig.done(provider.terminate(young.externalId))
    if (abilities.canStop) {
      const { machine } = await rig.running({ label: 'gf-contract-inst_02-1' })
      await rig.done(provider.stop(machine.externalId))
      await untilPhase(rig, machine.externalId, 'stopped')
      await rig.done(provider.terminate(machine.externalId))
    }
    await rig.pass(abilities.endDeadlineMs)
    expect(rig.ours().filter(({ billing }) => billing)).toEqual([])
  })

  test('the end of a machine that is unknown is accepted, and looking at it says absent', async () => {
    const rig = aRig(marketplace)
    await rig.done(rig.provider.terminate(marketplace.unknownId))
    expect((await rig.done(rig.provider.lookAt(marketplace.unknownId))).kind).toBe('absent')
  })

  test('orders for a machine that is gone are not_now, never a success', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { abilities } = provider.describe()
    const orders: [boolean, () => Promise<unknown>][] = [
      [abilities.canStop, () => provider.stop(marketplace.unknownId)],
      [abilities.canStart, () => provider.start(marketplace.unknownId)],
      [abilities.canRestart, () => provider.restart(marketplace.unknownId)],
    ]
    // vast.md 2.6: a reboot of an id that is not ours is a 400 without a code that says why.
    for (const [can, order] of orders) {
      if (can) expect(['not_now', 'rejected']).toContain((await rig.failure(order())).kind)
    }
  })

  test('ids that are none never become part of an address', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const { machine } = await rig.running()
    rig.simulator.requests.length = 0
    for (const id of ['', '../machines', 'a/b', '?', `${machine.externalId}/../x`, ' ']) {
      const verbs = verbsOf(provider, { ...marketplace, offer: await rig.anOffer(), machine: id })
      for (const { name, run } of verbs.filter(({ name }) => name === 'lookAt' || name === 'terminate')) {
        const kind = await rig.done(
          run(provider).then(
            () => 'done',
            (error) => error.kind,
          ),
        )
        // Where the id travels in a query or a body, nothing can break out, and it is simply unknown.
        if (kind !== 'rejected') expect(['done', 'rejected'], `${name} ${id}`).toContain(kind)
      }
    }
    expect(rig.simulator.requests.map(({ path }) => path).filter((path) => /\.\.|%2e|\/\/|x$/i.test(path))).toEqual([])
    expect(await phaseOf(rig, machine.externalId)).toBe('running')
  })

  test('an interruption shows as documented', async () => {
    for (const { market = 'on_demand', interrupt, expected, why } of interruptions[marketplace.name] ?? []) {
      const rig = aRig(marketplace)
      const offer = await rig.anOffer(market)
      const bids = market === 'spot' && rig.provider.describe().abilities.hasBids
      const { machine } = await rig.running({ offer, bidPerHour: bids ? offer.pricePerHour : null })
      await interrupt(rig, machine.externalId)
      const seen: string[] = []
      await rig
        .until(
          async () => {
            const sighting = await rig.done(rig.provider.lookAt(machine.externalId))
            seen.push(sighting.kind === 'seen' ? sighting.machine.phase : sighting.kind)
            if (sighting.kind === 'seen') expected.while?.(sighting.machine)
            return seen.at(-1) === expected.phase
          },
          expected.withinMs ?? 5 * minuteMs,
        )
        .catch((error) => {
          throw new Error(`${why}: ${[...new Set(seen)].join(', ')} instead of ${expected.phase}`, { cause: error })
        })
      const gpu = rig.bill().filter(({ machineId, kind, endedAt }) => {
        return machineId === machine.externalId && kind === 'gpu' && endedAt === null
      })
      if (expected.phase !== 'starting') expect(gpu, why).toEqual([])
    }
  })

  const whereThereIsSpot = aRig(marketplace).provider.describe().abilities.hasSpot ? test : () => {}
  whereThereIsSpot('a machine that is taken before it came up is interrupted, neither failed nor stopped', async () => {
    const rig = aRig(marketplace)
    const offer = await rig.anOffer('spot')
    const bidPerHour = rig.provider.describe().abilities.hasBids ? offer.pricePerHour : null
    rig.order('pace', { loadingMs: 3 * hourMs })
    const { externalId } = await rig.launch({ offer, bidPerHour })
    await rig.pass(minuteMs)
    expect(['pending', 'starting']).toContain(await phaseOf(rig, externalId))
    rig.order('interrupt', { machine: externalId })
    const seen = new Set<string>()
    await rig.until(async () => {
      const phase = await phaseOf(rig, externalId)
      seen.add(phase)
      return phase === 'interrupted'
    }, 2 * hourMs)
    expect([...seen].filter((phase) => phase === 'failed' || phase === 'stopped')).toEqual([])
  })

  test('the notice before a machine is taken is as long as described', async () => {
    const rig = aRig(marketplace)
    const { hasSpot, hasBids, noticeMs } = rig.provider.describe().abilities
    if (!hasSpot) return expect(noticeMs).toBeNull()
    const offer = await rig.anOffer('spot')
    const { machine } = await rig.running({ offer, bidPerHour: hasBids ? offer.pricePerHour : null })
    expect(machine.reclaimAt).toBeNull()
    await rig.pass(2 * hourMs)
    rig.order('interrupt', { machine: machine.externalId })
    const { reclaimAt, phase } = await rig.seen(machine.externalId)
    if (noticeMs === null) return expect([reclaimAt, phase]).toEqual([null, 'interrupted'])
    expect(phase).toBe('running')
    expect(Math.abs((reclaimAt ?? 0) - rig.clock.now() - noticeMs)).toBeLessThanOrEqual(minuteMs)
  })

  test('how busy the GPU is shows where it is said to, and is null elsewhere', async () => {
    const rig = aRig(marketplace)
    const { machine } = await rig.running()
    if (!rig.provider.describe().abilities.reportsUtilisation) return expect(machine.gpuUtilisation).toBeNull()
    for (const percent of [0, 37, 100]) {
      rig.order('special/utilisation', { machine: machine.externalId, percent })
      await rig.pass(minuteMs)
      expect((await rig.seen(machine.externalId)).gpuUtilisation).toBe(percent)
      const { machines } = await rig.done(rig.provider.look())
      expect(machines.find(({ externalId }) => externalId === machine.externalId)?.gpuUtilisation).toBe(percent)
    }
  })

  test('a start that fails is told, with a reason where the marketplace gives one', async () => {
    for (const { how, phase, message } of failedStarts[marketplace.name] ?? []) {
      const rig = aRig(marketplace)
      const offer = await rig.anOffer()
      rig.order('fail-start', { how })
      const { externalId } = await rig.done(rig.provider.launch(anOrder(offer)))
      const { startDeadlineMs } = rig.provider.describe().abilities
      await rig.pass(startDeadlineMs)
      const sighting = await rig.done(rig.provider.lookAt(externalId))
      const shown = sighting.kind === 'seen' ? sighting.machine.phase : sighting.kind
      expect(shown, how).toBe(phase)
      if (sighting.kind === 'seen') {
        if (message) expect(sighting.machine.message, how).toMatch(message)
        expect(sighting.machine.pricePerHour === null, `${how}: the price is shown`).toBe(pricelessPhases.has(shown))
      }
      await rig.done(rig.provider.terminate(externalId))
      await rig.pass(rig.provider.describe().abilities.endDeadlineMs)
      expect(
        rig.ours().filter(({ billing }) => billing),
        how,
      ).toEqual([])
    }
  })
  /** What a pod costs that does not run is not told: `cost` may be stale (runpod.md 5.2). */
  const pricelessPhases = new Set<string>(marketplace.provider === 'runpod' ? ['failed', 'stopped'] : [])

  test('keys are listed and added, and those of others stay', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    if (!provider.describe().abilities.hasSshKeys) return
    const theirs = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAISomebodySomebodySomebodySomebodySomebodySomeb colleague@desk'
    const other = await rig.done(provider.addSshKey({ name: 'colleague', publicKey: theirs }))
    const added = await rig.done(provider.addSshKey({ name: 'contract', publicKey }))
    expect(added.publicKey).toContain(publicKey.split(' ')[1])
    const again = await rig.done(
      provider.addSshKey({ name: 'contract', publicKey: `${publicKey.split(' ', 2).join(' ')} x@y` }),
    )
    expect(again.id).toBe(added.id)
    await rig.launch({ onstartScript: 'true' })
    const keys = await rig.done(provider.sshKeys())
    expect(keys.map(({ id }) => id)).toContain(other.id)
    expect(keys.filter((key) => key.publicKey.includes(publicKey.split(' ')[1] ?? '-'))).toHaveLength(1)
  })

  test('the balance is told to the nano-dollar where there is one', async () => {
    const rig = aRig(marketplace)
    if (!rig.provider.describe().abilities.hasBalance) return
    rig.order('balance', { usd: 123.45 })
    expect(await rig.done(rig.provider.balance())).toBe(nanosFromUsd('123.45'))
  })

  test('without money a launch is no_money', async () => {
    const rig = aRig(marketplace)
    if (marketplace.provider === 'lambda') return
    const offer = await rig.anOffer()
    rig.order('balance', { usd: marketplace.provider === 'paperspace' ? -5 : 0 })
    expect(await rig.failure(rig.provider.launch(anOrder(offer)))).toEqual({ kind: 'no_money' })
    expect(rig.ours()).toEqual([])
  })

  test('logs are the last lines, oldest first', async () => {
    const rig = aRig(marketplace)
    if (!rig.provider.describe().abilities.hasLogs) return
    const { machine } = await rig.running()
    const all = await rig.done(rig.provider.logs(machine.externalId, { tail: 100 }))
    expect(all.length).toBeGreaterThan(1)
    const last = await rig.done(rig.provider.logs(machine.externalId, { tail: 1 }))
    expect(last).toEqual(all.slice(-1))
  })

  test('an outbid machine comes back when its bid is raised, and its disk was billed meanwhile', async () => {
    const rig = aRig(marketplace)
    if (!rig.provider.describe().abilities.hasBids) return
    const offer = await rig.anOffer('spot')
    const { machine } = await rig.running({ offer, bidPerHour: offer.pricePerHour })
    rig.order('special/outbid', { machine: machine.externalId, factor: 1.5 })
    await untilPhase(rig, machine.externalId, 'interrupted')
    const open = rig.bill().filter(({ machineId, endedAt }) => machineId === machine.externalId && endedAt === null)
    expect(open.map(({ kind }) => kind)).toEqual(['disk'])
    await rig.done(rig.provider.changeBid(machine.externalId, nanos(offer.pricePerHour * 2n)))
    const back = await untilPhase(rig, machine.externalId, 'running')
    expect(back.pricePerHour).toBe(offer.pricePerHour * 2n)
  })

  test('a bid can be changed on the spot market, and only there', async () => {
    const rig = aRig(marketplace)
    if (!rig.provider.describe().abilities.hasBids) return
    const { machine: outright } = await rig.running()
    expect((await rig.failure(rig.provider.changeBid(outright.externalId, nanosFromUsd(1)))).kind).toBe('rejected')
    const offer = await rig.anOffer('spot')
    const { machine } = await rig.running({
      offer,
      bidPerHour: offer.pricePerHour,
      label: 'gf-contract-inst_02-1',
    })
    await rig.done(rig.provider.changeBid(machine.externalId, nanosFromUsd('3.25')))
    await rig.done(rig.provider.changeBid(machine.externalId, nanosFromUsd('3.25')))
    expect((await rig.seen(machine.externalId)).pricePerHour).toBe(nanosFromUsd('3.25'))
  })
})

interface Interruption {
  why: string
  market?: 'spot'
  interrupt(rig: Rig, machine: string): Promise<void> | void
  expected: { phase: Phase | 'absent'; withinMs?: number; while?(machine: Machine): void }
}

const byControl = (rig: Rig, machine: string) => void rig.order('interrupt', { machine })

const lostHost: Interruption = {
  why: 'a lost host says RUNNING and reports nothing (runpod.md 5.1)',
  interrupt: byControl,
  expected: { phase: 'starting' },
}

const interruptions: Record<string, Interruption[]> = {
  vast: [
    { why: 'the host is offline (vast.md 3.1)', interrupt: byControl, expected: { phase: 'unclear' } },
    { why: 'outbid (vast.md 3.3)', market: 'spot', interrupt: byControl, expected: { phase: 'interrupted' } },
    {
      why: 'outbid, and waiting for its turn (dstack#4037)',
      market: 'spot',
      interrupt: (rig, machine) => {
        rig.order('special/outbid-shape', { value: 'waiting' })
        rig.order('interrupt', { machine })
      },
      expected: { phase: 'interrupted' },
    },
  ],
  runpod: [
    lostHost,
    {
      why: 'taken away (runpod.md 5.1)',
      interrupt: (rig, machine) => void rig.order('special/interrupt-as', { machine, how: 'terminated' }),
      expected: { phase: 'absent' },
    },
    {
      why: 'the container ended (runpod.md 5.1)',
      interrupt: (rig, machine) => void rig.order('special/interrupt-as', { machine, how: 'exited' }),
      expected: { phase: 'stopped' },
    },
  ],
  'runpod over GraphQL': [lostHost],
  lambda: [{ why: 'preempted (lambda.md 3)', interrupt: byControl, expected: { phase: 'absent' } }],
  paperspace: [{ why: 'switched off by force', interrupt: byControl, expected: { phase: 'stopped' } }],
  novita: [
    // `exited` without an error: like a stop that somebody wanted.
    { why: 'the container ended (novita.md 3)', interrupt: byControl, expected: { phase: 'stopped' } },
    {
      why: 'reclaimed after an hour of notice (novita.md 3)',
      market: 'spot',
      interrupt: async (rig, machine) => {
        rig.order('interrupt', { machine })
        const noticed = await rig.seen(machine)
        expect(noticed.phase).toBe('running')
        expect(noticed.reclaimAt).toBeGreaterThan(rig.clock.now() + 50 * minuteMs)
        expect(noticed.reclaimAt).toBeLessThanOrEqual(rig.clock.now() + 61 * minuteMs)
      },
      expected: {
        phase: 'interrupted',
        withinMs: 2 * hourMs,
        while: ({ phase, reclaimAt }) => expect(reclaimAt === null).toBe(phase === 'interrupted'),
      },
    },
  ],
}

const failedStarts: Record<string, { how: string; phase: Phase | 'absent'; message?: RegExp }[]> = {
  vast: [
    { how: 'oci', phase: 'failed', message: /OCI runtime/i },
    { how: 'manifest', phase: 'failed', message: /manifest/i },
    { how: 'denied', phase: 'failed', message: /denied/i },
    { how: 'no_space', phase: 'failed', message: /space/i },
    { how: 'port', phase: 'failed', message: /port/i },
    { how: 'exited', phase: 'failed' },
    { how: 'stuck', phase: 'starting' },
    { how: 'silent', phase: 'pending' },
    { how: 'unknown', phase: 'unclear' },
    { how: 'offline', phase: 'unclear' },
  ],
  // A pod has no field for a reason.
  runpod: [
    { how: 'error', phase: 'failed' },
    { how: 'exited', phase: 'stopped' },
    { how: 'stuck', phase: 'starting' },
    { how: 'no_port', phase: 'starting' },
  ],
  'runpod over GraphQL': [{ how: 'stuck', phase: 'starting' }],
  lambda: [
    { how: 'unhealthy', phase: 'unclear', message: /health/i },
    { how: 'terminated', phase: 'absent' },
    { how: 'stuck', phase: 'starting' },
  ],
  paperspace: [
    { how: 'error', phase: 'failed', message: /./ },
    { how: 'capacity', phase: 'failed', message: /capacity/i },
    { how: 'cancelled', phase: 'failed', message: /./ },
    { how: 'silent-off', phase: 'stopped' },
    { how: 'stuck', phase: 'starting' },
  ],
  novita: [
    { how: 'bad_image', phase: 'failed', message: /image/i },
    { how: 'image_auth', phase: 'failed', message: /./ },
    { how: 'no_resource', phase: 'failed', message: /./ },
    { how: 'stuck', phase: 'starting' },
    { how: 'stuck_creating', phase: 'starting' },
  ],
}
