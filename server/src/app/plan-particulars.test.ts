import { describe, expect, test } from 'vitest'
import { noPolicies, type Policies } from '../core/instances/instance.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { interruptionsBy, placeOf } from '../core/spot/places.ts'
import { hourMs, minuteMs } from '../core/time.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { checkSavingWork, particularsOf } from './plan-particulars.ts'

const clock = virtualClock()
const vast = fakeProvider({ clock, abilities: { deadMan: { possible: true, why: 'it has a key of its own' } } })
const lambda = fakeProvider({
  clock,
  name: 'lambda',
  abilities: { deadMan: { possible: false, why: 'it has none' }, diskSurvives: { stop: false, interruption: false } },
})
const providers = {
  all: () => [vast, lambda],
  find: (name: string) => [vast, lambda].find((one) => one.name === name),
}
const deps = { providers, publicUrl: 'https://fleet.example.com' as string | undefined }
const asked = (policies: Partial<Policies>, sshPublicKey: string | null = 'ssh-ed25519 AAAA') => ({
  policies: { ...noPolicies, ...policies },
  sshPublicKey,
  secrets: { onstartScript: null },
})
const deadMan = { deadManMs: 6 * hourMs }
const anywhere = () => true

describe('an offer', () => {
  const now = clock.now()
  const context = { interruptions: interruptionsBy([]), now }

  test('tells whether its disk survives', () => {
    expect(particularsOf(anOffer(), asked({}), context, deps).diskSurvives).toEqual({ stop: true, interruption: true })
    const other = anOffer({ provider: 'lambda' })
    expect(particularsOf(other, asked({}), context, deps).diskSurvives).toEqual({ stop: false, interruption: false })
  })

  test('tells why it is ranked lower', () => {
    const spot = anOffer({ market: 'spot' })
    const interruptions = interruptionsBy([{ place: placeOf(spot), at: now - 12 * minuteMs }])
    expect(particularsOf(spot, asked({}), { interruptions, now }, deps).avoided).toBe(
      'ranked lower: interrupted 12 min ago',
    )
  })

  test('tells whether its machine can end itself, where that was asked for', () => {
    const here = (provider: 'vast' | 'lambda', key: string | null = 'ssh-ed25519 AAAA', url = deps.publicUrl) =>
      particularsOf(anOffer({ provider }), asked(deadMan, key), context, { ...deps, publicUrl: url }).deadMan
    expect(here('vast')).toEqual({ possible: true })
    expect(here('lambda')).toMatchObject({ possible: false, why: 'it has none' })
    expect(here('vast', null)).toMatchObject({ possible: false, in: 'request' })
    expect(particularsOf(anOffer(), asked(deadMan), context, { ...deps, publicUrl: undefined }).deadMan).toMatchObject({
      possible: false,
      in: 'settings',
      fix: expect.stringContaining('PUBLIC_URL'),
    })
    expect(particularsOf(anOffer(), asked({}), context, deps).deadMan).toBeNull()
  })
})

describe('a launch is refused', () => {
  test('with a checkpoint and no key to sign in with', () => {
    const checkpoint = { command: 'save', timeoutMs: minuteMs }
    expect(() => checkSavingWork(asked({ checkpoint }, null), null, anywhere, deps)).toThrow('ssh_public_key')
    expect(() => checkSavingWork(asked({ checkpoint }), null, anywhere, deps)).not.toThrow()
  })

  test('with a dead-man switch that is not possible where it is asked for, with what to do', () => {
    const refused = (...[input, provider, usable, given]: Parameters<typeof checkSavingWork>) => {
      try {
        checkSavingWork(input, provider, usable, given)
      } catch (error) {
        return error
      }
      return null
    }
    expect(refused(asked(deadMan), 'lambda', anywhere, deps)).toMatchObject({
      code: 'not_possible_here',
      message: expect.stringContaining('it has none'),
    })
    const noUrl = { ...deps, publicUrl: undefined }
    for (const provider of ['vast', null] as const) {
      expect(refused(asked(deadMan), provider, anywhere, noUrl)).toMatchObject({
        code: 'not_possible_here',
        fix: expect.stringContaining('set PUBLIC_URL'),
      })
    }
    expect(refused(asked(deadMan, null), null, anywhere, deps)).toMatchObject({
      fix: expect.stringContaining('ssh_public_key'),
    })
    expect(refused(asked(deadMan), null, (name) => name === 'lambda', deps)).toMatchObject({
      message: expect.stringContaining('it has none'),
    })
  })

  test('not where one marketplace of several can', () => {
    expect(() => checkSavingWork(asked(deadMan), null, anywhere, deps)).not.toThrow()
  })
})
