import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { deadManToken } from '../../app/dead-man.ts'
import { type HttpWorld, httpWorld } from '../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld({ http: { access: { adminKey: undefined, keyless: 'off' } } })
})
afterEach(() => world.close())

const ask = (token: string) =>
  world.app.inject({ method: 'GET', url: `/api/dead-man/${token}`, headers: { host: 'fleet.example.com' } })

async function launched(change: Parameters<HttpWorld['hasInstance']>[0] = {}, launch = {}) {
  const { id, launch: its } = await world.hasInstance(
    { status: 'ready', ...change },
    { deadManMs: 3_600_000, ...launch },
  )
  const [stored] = await world.launches.ofInstance(id)
  const label = its?.label ?? stored?.label ?? ''
  return { id, label, token: deadManToken(label, world) }
}

describe('200', () => {
  test('a machine that is wanted hears the word, without a key, and from anywhere', async () => {
    const { id, token } = await launched()
    expect(await ask(token)).toMatchObject({ statusCode: 200, body: 'alive' })
    expect((await world.instances.get(id))?.launch).toMatchObject({ deadManHeardAt: world.clock.now() })
  })

  test('when it first asked is written down once', async () => {
    const { id, token } = await launched()
    const first = world.clock.now()
    await ask(token)
    await world.clock.advance(300_000)
    await ask(token)
    expect((await world.instances.get(id))?.launch).toMatchObject({ deadManHeardAt: first })
  })
})

describe('404', () => {
  test('a machine that nobody wants any more hears nothing', async () => {
    const ended = await launched({ wanted: 'ended', status: 'terminating' })
    const givenUp = await launched({}, { abandonedAt: 1, abandonedBecause: 'interrupted' })
    for (const { token } of [ended, givenUp]) expect(await ask(token)).toMatchObject({ statusCode: 404 })
  })

  test('nor does anybody with another token', async () => {
    const { label, token } = await launched()
    const other = deadManToken(`${label}0`, world)
    const wrong = [label, `${label}.`, `${token}x`, token.slice(0, -1), other, 'nonsense', `${label}.${'A'.repeat(43)}`]
    for (const one of wrong) {
      expect(await ask(encodeURIComponent(one))).toMatchObject({ statusCode: 404, body: 'not known' })
    }
    expect(await ask('A'.repeat(500))).toMatchObject({ statusCode: 404 })
  })
})
