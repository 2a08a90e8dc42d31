import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { failure } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
const restarted: string[] = []
beforeEach(async () => {
  restarted.length = 0
  world = await httpWorld()
  world.providerNamed('vast').restart = async (id) => void restarted.push(id)
})
afterEach(() => world.close())

const restart = (id: string) => world.ask('POST', `/api/v1/instances/${id}/restart`)

describe('200', () => {
  test('the machine is restarted in place, and the timeline says so', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    expect((await restart(id)).json).toMatchObject({
      message: 'Instance restarted successfully',
      data: { status: 'ready' },
    })
    expect(restarted).toEqual(['m-1'])
    expect((await world.listEvents()).at(-1)).toMatchObject({ kind: 'order', message: 'restart was asked for' })
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await restart('nope')).json.code).toBe('not_found')
  })
})

describe('409', () => {
  test('while it is not up', async () => {
    for (const status of ['requested', 'starting', 'stopped', 'terminated'] as const) {
      const { id } = await world.hasInstance({ status }, {})
      expect((await restart(id)).json.details).toMatchObject({ status, possible_while: ['running', 'ready'] })
    }
    expect(restarted).toEqual([])
  })
})

describe('502 and 503', () => {
  test('the provider is named, and the instance is as it was', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    for (const [kind, status] of [
      ['unavailable', 503],
      ['unauthorized', 502],
      ['unexpected_reply', 502],
    ] as const) {
      world.providerNamed('vast').restart = async () => {
        throw failure('vast', { kind })
      }
      const answer = await restart(id)
      expect(answer).toMatchObject({ status, json: { details: { provider: 'vast_ai' } } })
      expect((await world.instances.get(id))?.status).toBe('ready')
    }
    expect(world.log.lines.filter((line) => line.level === 'warn')).toHaveLength(3)
  })
})
