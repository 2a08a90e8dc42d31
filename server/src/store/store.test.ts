import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Instance } from '../core/instances/instance.ts'
import { nanos } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import {
  aCharge,
  aDecided,
  aLaunch,
  anEntry,
  anEvent,
  anInstance,
  anInstanceId,
  aWish,
  noSecrets,
  testStart as now,
} from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { fromJsonText, jsonText } from './json.ts'
import { migrate } from './migrate.ts'
import { createSealer } from './sealer.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

const id = anInstanceId()
const all = { limit: 10, forMs: 60_000 }

async function added(change: Partial<Instance> = {}, dueAt = now): Promise<Instance> {
  const instance = anInstance(change)
  await stores.instances.add(anEntry({ instance, dueAt }))
  return instance
}

async function claimed(at = now) {
  const [claim] = await stores.instances.claimDue(at, all)
  if (claim === undefined) throw new Error('nothing is due')
  return claim
}

/** An instance with a launch that was just asked for. */
async function launching(change: Partial<Parameters<typeof aLaunch>[0]> = {}) {
  await added()
  const claim = await claimed()
  await stores.instances.recordIntent(claim, aLaunch(change), aDecided(), [])
  return claim
}

describe('a wish', () => {
  test('comes back as it was written, money included', async () => {
    const beyondDoubles = nanos(9_007_199_254_740_993n)
    const wish = aWish({
      models: ['RTX 4090'],
      maxPricePerHour: beyondDoubles,
      health: { path: '/', port: 80, timeoutMs: 1 },
      expected: { offer: anOffer({ pricePerHour: beyondDoubles }), price: beyondDoubles },
    })
    const instance = await added({ wish, label: 'mine' })

    expect(await stores.instances.get(instance.id)).toEqual(instance)
    expect(await stores.instances.get('inst_0000000000000000')).toBeUndefined()
  })

  test('is written down with its event and its idempotency key, or not at all', async () => {
    const idempotency = { scope: 'key-1', key: 'abc', fingerprint: 'f' }
    await stores.instances.add(anEntry({ idempotency }))
    expect(await stores.instances.madeWith('key-1', 'abc')).toEqual({ instanceId: id, fingerprint: 'f' })
    expect(await stores.instances.madeWith('key-2', 'abc')).toBeUndefined()

    const other = anInstance({ id: anInstanceId(2) })
    await expect(stores.instances.add(anEntry({ instance: other, idempotency }))).rejects.toThrow()
    expect(await stores.instances.get(other.id)).toBeUndefined()
    expect(await stores.events.list({ limit: 10 })).toHaveLength(1)

    await stores.instances.add(anEntry({ instance: other, idempotency: { ...idempotency, scope: 'key-2' } }))
    expect(await stores.instances.get(other.id)).toBeDefined()
  })

  test('keeps its secrets apart', async () => {
    const secrets = {
      environment: { HF_TOKEN: 'hf_secret', $nanos: 'not money' },
      registryAuth: { server: null, username: 'me', password: 'pw' },
      onstartScript: 'echo hi',
    }
    await stores.instances.add(anEntry({ secrets }))

    expect(await stores.instances.secretsOf(id)).toEqual(secrets)
    expect(JSON.stringify(await stores.instances.get(id))).not.toContain('hf_secret')
  })
})

describe('a list', () => {
  test('is newest first, and its pages neither repeat nor skip, even within one millisecond', async () => {
    for (let number = 1; number <= 7; number += 1) {
      await added({ id: anInstanceId(number), createdAt: now + Math.floor(number / 3) })
    }
    const found: Instance[] = []
    let before: { createdAt: number; id: string } | undefined
    for (;;) {
      const page = await stores.instances.list({ limit: 2, ...(before && { before }) })
      found.push(...page)
      before = page.at(-1)
      if (page.length < 2) break
    }

    expect(new Set(found.map((one) => one.id)).size).toBe(7)
    expect(found.map((one) => one.createdAt)).toEqual(found.map((one) => one.createdAt).toSorted((a, b) => b - a))
  })

  test('filters by status, label and the provider of the current launch', async () => {
    await launching()
    await added({ id: anInstanceId(2), label: 'other' })
    const found = async (query: Omit<Parameters<TestStores['instances']['list']>[0], 'limit'>) =>
      (await stores.instances.list({ ...query, limit: 9 })).map((one) => one.id)

    expect(await found({ statuses: ['launching'] })).toEqual([id])
    expect(await found({ statuses: [] })).toEqual([])
    expect(await found({ label: 'other' })).toEqual([anInstanceId(2)])
    expect(await found({ provider: 'vast' })).toEqual([id])
    expect(await found({ provider: 'lambda' })).toEqual([])
    expect(await stores.instances.countByStatus()).toEqual({ launching: 1, requested: 1 })
  })
})

describe('a claim', () => {
  test('is given to one at a time, until it is given back or runs out', async () => {
    await added()
    const [first, second] = await Promise.all([
      stores.instances.claimDue(now, all),
      stores.instances.claimDue(now, all),
    ])
    expect([...first, ...second]).toHaveLength(1)
    expect(await stores.instances.claimDue(now + all.forMs - 1, all)).toEqual([])
    expect(await stores.instances.claimDue(now + all.forMs, all)).toHaveLength(1)
  })

  test('of a process that died is given back at the next start, and what that process still writes is refused', async () => {
    await added()
    const [dead] = await stores.instances.claimDue(now, all)
    await stores.instances.forgetClaims()
    expect(await stores.instances.claimDue(now, all)).toHaveLength(1)
    if (dead === undefined) throw new Error('nothing was claimed')
    const late = {
      status: 'failed',
      because: 'no_offer_left',
      message: null,
      statusSince: now,
      endedAt: now,
      dueAt: null,
    } as const
    expect(await stores.instances.recordDecision(dead, late, [])).toBe(false)
  })

  test('two processes on one file never get the same instance', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gpufleet-store-'))
    const path = join(dir, 'shared.db')
    const [one, other] = [await testStores(path), await testStores(path)]
    for (let number = 1; number <= 30; number += 1) {
      await one.instances.add(anEntry({ instance: anInstance({ id: anInstanceId(number) }) }))
    }
    const claims: string[] = []
    while (claims.length < 30) {
      const both = await Promise.all(
        [one, other].map((each) => each.instances.claimDue(now, { limit: 4, forMs: 1_000 })),
      )
      claims.push(...both.flat().map((claim) => claim.id))
    }

    expect(new Set(claims).size).toBe(30)
    await Promise.all([one.close(), other.close()])
    rmSync(dir, { recursive: true })
  })

  test('goes to what is due, the longest waiting first', async () => {
    await added({ id: anInstanceId(1) }, now)
    await added({ id: anInstanceId(2) }, now - 5)
    await added({ id: anInstanceId(3) }, now + 5)

    expect(await stores.instances.nextDueAt()).toBe(now - 5)
    expect(await stores.instances.claimDue(now, { ...all, limit: 1 })).toMatchObject([{ id: anInstanceId(2) }])
    expect(await stores.instances.claimDue(now, all)).toMatchObject([{ id: anInstanceId(1) }])
  })

  test('that is old writes nothing: no decision, no intent, no event, no release', async () => {
    await added()
    const old = await claimed()
    await claimed(now + all.forMs)
    const before = await stores.instances.get(id)

    expect(await stores.instances.recordDecision(old, aDecided({ status: 'failed' }), [anEvent()])).toBe(false)
    expect(await stores.instances.recordIntent(old, aLaunch(), aDecided(), [anEvent()])).toBe(false)
    await stores.instances.release(old, now)

    expect(await stores.instances.get(id)).toEqual(before)
    expect(await stores.launches.ofInstance(id)).toEqual([])
    expect(await stores.events.list({ limit: 10 })).toHaveLength(1)
    expect(await stores.instances.claimDue(now + all.forMs, all)).toEqual([])
  })

  test('given back without a next look, the instance is never due again', async () => {
    await added()
    await stores.instances.release(await claimed(), null)
    await stores.instances.wake([id], now)

    expect(await stores.instances.nextDueAt()).toBeUndefined()
  })

  test('waking makes what waits due, and nothing later than it was', async () => {
    await added({}, now + 100)
    await stores.instances.wake([id], now)
    expect(await stores.instances.nextDueAt()).toBe(now)
    await stores.instances.wake([id], now + 50)
    expect(await stores.instances.nextDueAt()).toBe(now)
  })
})

describe('what the user wants', () => {
  const ended = { wanted: 'ended', from: ['launching'], status: 'terminating', because: 'asked', at: now + 1 } as const

  test('takes the claim from whoever is acting, so that no older decision overwrites it', async () => {
    const acting = await launching()

    expect(await stores.instances.want(id, ended, anEvent())).toBe(true)
    expect(await stores.instances.recordDecision(acting, aDecided({ status: 'ready' }), [])).toBe(false)
    expect(await stores.instances.get(id)).toMatchObject({
      wanted: 'ended',
      status: 'terminating',
      statusSince: now + 1,
    })
    expect(await stores.instances.claimDue(now + 1, all)).toHaveLength(1)
  })

  test('is refused from another status, without an event', async () => {
    await added()
    const events = await stores.events.newest()

    expect(await stores.instances.want(id, ended, anEvent())).toBe(false)
    expect(await stores.instances.get(id)).toMatchObject({ wanted: 'up', status: 'requested' })
    expect(await stores.events.newest()).toBe(events)
  })

  test('forgets the gap of earlier orders', async () => {
    await launching()
    await stores.launches.recordFacts({ instanceId: id, attempt: 1 }, { orderedAt: now, orders: 7 })
    await stores.instances.want(id, { ...ended, launch: { startOrderedAt: now } }, anEvent())

    expect((await stores.instances.get(id))?.launch).toMatchObject({ orderedAt: null, orders: 0, startOrderedAt: now })
  })
})

describe('a launch', () => {
  const alarm = anEvent({ kind: 'alarm', status: null, because: null })

  test('comes back as it was written, with every fact that was recorded', async () => {
    const offer = anOffer({ pricePerHour: nanos(1_000_000_000_000_000_001n) })
    await launching({ offer, comparablePrice: nanos(9_007_199_254_740_993n) })
    const facts = {
      externalId: 'm-9',
      answeredAt: now + 1,
      rentedAt: now + 2,
      upAt: now + 3,
      startOrderedAt: now + 4,
      pricePerHour: nanos(9_007_199_254_740_995n),
      ssh: { host: 'h', port: 22, user: 'root' },
      endpoints: [{ containerPort: 1, protocol: 'tcp' as const, host: 'h', port: 2, url: null }],
      providerStatus: 'running',
      providerMessage: 'fine',
      lastSeenAt: now + 5,
      missedLooks: 2,
      missedAt: now + 6,
      metersOffAt: { gpu: now + 7 },
      orderedAt: now + 8,
      orders: 3,
    }
    await stores.launches.recordFacts({ instanceId: id, attempt: 1 }, facts)

    expect(await stores.launches.ofInstance(id)).toEqual([
      { ...aLaunch({ offer, comparablePrice: nanos(9_007_199_254_740_993n) }), ...facts },
    ])
  })

  test('of one attempt exists once', async () => {
    const claim = await launching()
    await expect(stores.instances.recordIntent(claim, aLaunch(), aDecided({ status: 'failed' }), [])).rejects.toThrow()
    expect(await stores.instances.get(id)).toMatchObject({ status: 'launching', attempt: 1 })
  })

  test('that is given up is no longer the instance’s machine, but is looked after until it is settled', async () => {
    const claim = await launching()
    await stores.instances.recordDecision(
      claim,
      aDecided({ status: 'requested', launch: { abandonedAt: now, abandonedBecause: 'start_deadline' } }),
      [],
    )
    expect((await stores.instances.get(id))?.launch).toBeNull()
    expect(await stores.launches.countLeftovers(id)).toBe(1)
    expect(await stores.launches.open('vast')).toHaveLength(1)
    expect(await stores.launches.open('lambda')).toEqual([])

    const [leftover] = await stores.launches.claimLeftovers(now, all)
    if (leftover === undefined) throw new Error('nobody looks after it')
    expect(leftover.launch.abandonedBecause).toBe('start_deadline')
    expect(await stores.launches.claimLeftovers(now, all)).toEqual([])
    await stores.launches.releaseLeftover({ ...leftover, token: leftover.token - 1 }, now)
    expect(await stores.launches.claimLeftovers(now, all)).toEqual([])
    await stores.launches.releaseLeftover(leftover, now + 5)
    expect(await stores.launches.claimLeftovers(now + 4, all)).toEqual([])
    expect(await stores.launches.claimLeftovers(now + 5, all)).toHaveLength(1)

    await stores.launches.recordFacts(leftover.launch, { settledAt: now })
    expect(await stores.launches.countLeftovers(id)).toBe(0)
    expect(await stores.launches.claimLeftovers(now + all.forMs + 5, all)).toEqual([])
    expect(await stores.launches.open()).toEqual([])
  })

  test.each([
    ['machine answers', 'given up and settled', true, { abandonedAt: now, abandonedBecause: 'never_happened' }],
    ['machine answers', 'settled with its instance', true, {}],
    ['answer is lost', 'given up and settled', false, { abandonedAt: now, abandonedBecause: 'never_happened' }],
    ['answer is lost', 'settled with its instance', false, {}],
  ] as const)('whose %s after it was %s is looked after again', async (_what, _how, known, writtenOff) => {
    await launching()
    const missed = { missedLooks: 2, missedAt: now }
    await stores.launches.recordFacts({ instanceId: id, attempt: 1 }, { ...writtenOff, ...missed, settledAt: now })
    const answer = { answeredAt: now, ...(known && { externalId: 'late' }) }
    expect(await stores.launches.recordAnswer({ instanceId: id, attempt: 1 }, answer, alarm)).toBe(true)

    expect(await stores.launches.claimLeftovers(now, all)).toMatchObject([
      {
        launch: {
          externalId: known ? 'late' : 'm-1',
          answeredAt: now,
          settledAt: null,
          missedLooks: 0,
          missedAt: null,
        },
      },
    ])
    expect(await stores.events.list({ limit: 10 })).toMatchObject([{}, { kind: 'alarm' }])
  })

  test('whose machine answers in time stays the instance’s own', async () => {
    await launching()
    const answer = { answeredAt: now, externalId: 'm-1' }
    expect(await stores.launches.recordAnswer({ instanceId: id, attempt: 1 }, answer, alarm)).toBe(false)

    expect(await stores.events.list({ limit: 10 })).toHaveLength(1)
    expect((await stores.instances.get(id))?.launch).toMatchObject({ externalId: 'm-1', abandonedAt: null })
    expect(await stores.launches.claimLeftovers(now, all)).toEqual([])
  })
})

describe('an event', () => {
  test('comes with its change, or not at all', async () => {
    const claim = await launching()
    const broken = anEvent({ message: null as unknown as string })
    await expect(stores.instances.recordDecision(claim, aDecided({ status: 'ready' }), [broken])).rejects.toThrow()
    expect(await stores.instances.get(id)).toMatchObject({ status: 'launching' })

    await stores.instances.recordDecision(claim, aDecided({ status: 'starting' }), [
      anEvent({ data: { from: 'launching' } }),
    ])
    expect(await stores.events.list({ limit: 10, after: 1 })).toMatchObject([{ id: 2, data: { from: 'launching' } }])
  })

  test('is found by its instance, oldest first, from any point on', async () => {
    await added()
    await added({ id: anInstanceId(2) })
    const newest = await stores.events.newest()

    expect(await stores.events.list({ instanceId: id, limit: 10 })).toMatchObject([{ id: 1, instanceId: id }])
    expect(await stores.events.list({ limit: 1 })).toMatchObject([{ id: 1 }])
    expect(await stores.events.list({ after: newest, limit: 10 })).toEqual([])
  })
})

describe('a charge', () => {
  test('written again is one charge, as it stands now', async () => {
    await added()
    const charge = aCharge({ ratePerHour: nanos(9_007_199_254_740_993n) })
    const closed = { ...charge, lastOnAt: now + 5, endedAfter: now + 5, endedBefore: now + 9 }
    await stores.charges.put([charge])
    await stores.charges.put([closed])
    await stores.charges.put([])

    expect(await stores.charges.ofInstance(id)).toEqual([closed])
  })

  test('is found by instance and by launch, oldest stretch first', async () => {
    await added()
    const first = aCharge({ sequence: 1 })
    const second = aCharge({ sequence: 2 })
    const later = aCharge({ attempt: 2 })
    await stores.charges.put([later, second, first])

    expect(await stores.charges.ofLaunch(id, 1)).toEqual([first, second])
    expect(await stores.charges.ofInstance(id)).toEqual([first, second, later])
    expect(await stores.charges.ofInstances([id])).toHaveLength(3)
    expect(await stores.charges.ofInstances([])).toEqual([])
  })
})

describe('the file', () => {
  test('keeps everything, shows no secret in its bytes, and takes the schema twice', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'gpufleet-store-'))
    const path = join(dir, 'gpufleet.db')
    const secrets = { ...noSecrets, environment: { HF_TOKEN: 'hf_very_secret' }, onstartScript: 'curl secret.example' }
    const first = await testStores(path)
    await first.instances.add(anEntry({ secrets }))
    const bytes = () =>
      readdirSync(dir)
        .map((name) => readFileSync(join(dir, name), 'latin1'))
        .join('')
    expect(bytes()).toContain(id)
    expect(bytes()).not.toMatch(/hf_very_secret|secret\.example/)
    await first.close()
    expect(bytes()).not.toMatch(/hf_very_secret|secret\.example/)

    const again = await testStores(path)
    await migrate(again.database)
    expect(await again.instances.get(id)).toEqual(anInstance())
    expect(await again.instances.secretsOf(id)).toEqual(secrets)
    await again.close()
    rmSync(dir, { recursive: true })
  })
})

describe('sealing', () => {
  const sealer = createSealer(new Uint8Array(32).fill(1))

  test('opens only what it sealed, unchanged, with the same key', () => {
    const sealed = sealer.seal({ token: 'x' })
    expect(sealer.open(sealed)).toEqual({ token: 'x' })
    expect(sealer.seal({ token: 'x' })).not.toBe(sealed)
    expect(() => createSealer(new Uint8Array(32)).open(sealed)).toThrow()
    const changed = sealed.slice(0, 20) + (sealed[20] === 'A' ? 'B' : 'A') + sealed.slice(21)
    expect(() => sealer.open(changed)).toThrow()
    expect(() => sealer.open('v2.abc')).toThrow(/version/)
    expect(() => createSealer(new Uint8Array(31))).toThrow(RangeError)
  })
})

test('money in a structure comes back as money, and a text that looks like it does not break it', () => {
  const value = { price: nanos(9_007_199_254_740_993n), list: [nanos(-1n)], environment: { $nanos: 'abc' } }
  expect(fromJsonText(jsonText(value))).toEqual(value)
})
