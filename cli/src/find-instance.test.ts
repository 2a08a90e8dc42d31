import type { Query } from '@gpufleet/sdk'
import type { Instance } from '@gpufleet/sdk/api'
import { describe, expect, test } from 'vitest'
import { findInstance } from './find-instance.ts'
import { anInstance, startOfTime } from './testing/builders.ts'

const finished = new Set(['terminated', 'failed'])

/** A server with these, two to a page. */
function serverWith(instances: Instance[]) {
  return {
    now: () => startOfTime,
    client: {
      async getInstance(id: string) {
        const data = instances.find((one) => one.id === id)
        if (data === undefined) throw new Error(`there is no ${id}`)
        return { message: '', data }
      },
      async listInstances({ status, label, cursor }: Query<'listInstances'> = {}) {
        const from = Number(cursor ?? 0)
        const all = instances.filter(
          (one) => (status !== 'active' || !finished.has(one.status)) && (label === undefined || one.label === label),
        )
        return {
          message: '',
          data: all.slice(from, from + 2),
          next_cursor: from + 2 < all.length ? String(from + 2) : null,
        }
      },
    },
  }
}

const one = anInstance({ id: 'inst_aaaa000000000001', label: 'vllm' })
const two = anInstance({ id: 'inst_aaaa000000000002', label: 'train' })
const three = anInstance({ id: 'inst_bbbb000000000003', label: 'train' })
const old = anInstance({ id: 'inst_cccc000000000004', label: 'vllm', status: 'terminated' })
const server = serverWith([three, two, one, old])

describe('an instance is found', () => {
  test.each([
    ['its id', 'inst_aaaa000000000002', two],
    ['its label, the living one first', 'vllm', one],
    ['the beginning of its id', 'inst_bbbb', three],
    ['that without inst_, on any page', 'aaaa000000000001', one],
    ['the beginning of one that has ended', 'cccc', old],
  ])('by %s', async (_, name, expected) => {
    expect(await findInstance(name, server)).toBe(expected)
  })

  test('not when several are meant: all are named', async () => {
    await expect(findInstance('train', server)).rejects.toMatchObject({ exitCode: 2 })
    await expect(findInstance('inst_aaaa', server)).rejects.toThrow(/inst_aaaa000000000001.*|inst_aaaa000000000002/)
  })

  test.each(['nothing', 'inst_', 'bbb', ''])('not by %j', async (name) => {
    await expect(findInstance(name, server)).rejects.toMatchObject({ exitCode: 4 })
  })
})
