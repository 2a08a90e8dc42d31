import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const list = (query = '') => world.ask('GET', `/api/v1/instances${query}`)
const ids = (answer: { json: { data: { id: string }[] } }) => answer.json.data.map((one) => one.id)

describe('200', () => {
  test('R003-02 nothing yet is an empty list', async () => {
    expect((await list()).json).toEqual({
      success: true,
      message: 'Instances retrieved successfully',
      data: [],
      next_cursor: null,
    })
  })

  test('newest first, by status, provider and label', async () => {
    const first = await world.hasInstance({ status: 'ready', label: 'one' }, {})
    await world.clock.advance(1000)
    const second = await world.hasInstance({ status: 'terminated' }, { offer: anOffer({ provider: 'runpod' }) })
    expect(ids(await list())).toEqual([second.id, first.id])
    expect(ids(await list('?status=active'))).toEqual([first.id])
    expect(ids(await list('?status=ready,terminated'))).toEqual([second.id, first.id])
    expect(ids(await list('?provider=runpod'))).toEqual([second.id])
    expect(ids(await list('?label=one'))).toEqual([first.id])
    expect(ids(await list('?label=two'))).toEqual([])
  })

  test('pages meet without a gap or a double, also where several were made at one moment', async () => {
    for (let made = 0; made < 7; made += 1) await world.hasInstance({ status: 'ready' })
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const answer = await list(`?limit=3${cursor}`)
      seen.push(...ids(answer))
      if (answer.json.next_cursor === null) break
      cursor = `&cursor=${answer.json.next_cursor}`
    }
    expect(seen).toEqual(ids(await list()))
    expect(new Set(seen).size).toBe(7)
  })
})

describe('400', () => {
  test.each([
    ['status=sleeping', 'status', 'there are requested, launching'],
    ['status=', 'status', 'there are requested'],
    ['provider=aws', 'provider', 'there are vast_ai'],
    ['limit=0', 'limit', '>=1'],
    ['limit=', 'limit', 'expected number'],
    ['cursor=xyz', 'cursor', 'is not one that a page gave'],
    ['state=ready', 'state', 'is not known here'],
  ])('%s', async (query, field, problem) => {
    const { status, json } = await list(`?${query}`)
    expect(status).toBe(400)
    expect(json.details.mistakes).toContainEqual({ field, problem: expect.stringContaining(problem) })
  })
})
