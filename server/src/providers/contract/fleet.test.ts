import { describe, expect, test } from 'vitest'
import { cases } from './cases.ts'
import { aRig, type Rig } from './rig.ts'

describe.each(cases)('$name', (marketplace) => {
  /** As many as the marketplace lets an account have, up to 130. */
  function crowd(rig: Rig): string[] {
    const ids: string[] = []
    for (let number = 1; number <= 130; number += 1) {
      ids.push(String(rig.order('foreign-machine', { label: `foreign-${number}` }).machine))
    }
    return ids
  }

  test('every machine is seen, over all pages, with its label', async () => {
    const rig = aRig(marketplace)
    marketplace.shortPages?.(rig)
    const ids = crowd(rig)
    rig.simulator.requests.length = 0
    const { machines } = await rig.done(rig.provider.look())
    expect(machines.map(({ externalId }) => externalId).toSorted()).toEqual(ids.toSorted())
    const labels = new Map(machines.map(({ externalId, label }) => [externalId, label]))
    ids.forEach((id, index) => {
      expect(labels.get(id)).toBe(`foreign-${index + 1}`)
    })
    const pages = rig.simulator.requests.filter(({ path }) => path === pathOf(marketplace.list.path, path)).length
    expect(pages, 'pages').toBeGreaterThanOrEqual(marketplace.pagesFor130)
  })

  test('a page that fails, or is missing a part, makes the whole look fail', async () => {
    if (marketplace.pagesFor130 < 2) return
    for (const kind of ['html', 'garbage', 'refuse'] as const) {
      const rig = aRig(marketplace)
      marketplace.shortPages?.(rig)
      crowd(rig)
      rig.fault({ kind, ...marketplace.list, skip: 1 })
      expect(['unavailable', 'unexpected_reply'], kind).toContain((await rig.failure(rig.provider.look())).kind)
    }
  })

  test('pages as short as they may get are all read, and one that is cut is an error', async () => {
    if (marketplace.pagesFor130 < 2) return
    const rig = aRig(marketplace)
    rig.order('special/page-size', { n: 3 })
    const ids = Array.from(
      { length: 10 },
      (_, number) => rig.order('foreign-machine', { label: `f-${number}` }).machine,
    )
    rig.simulator.requests.length = 0
    const { machines } = await rig.done(rig.provider.look())
    expect(machines.map(({ externalId }) => externalId).toSorted()).toEqual(ids.map(String).toSorted())
    expect(rig.simulator.requests.filter(({ path }) => path.endsWith(marketplace.list.path)).length).toBeGreaterThan(3)
    for (const field of marketplace.list.fields) {
      const cut = aRig(marketplace)
      cut.order('special/page-size', { n: 3 })
      for (let number = 0; number < 10; number += 1) cut.order('foreign-machine', { label: `f-${number}` })
      cut.fault({ kind: 'drop_field', field, ...marketplace.list, skip: 2 })
      expect((await cut.failure(cut.provider.look())).kind, field).toBe('unexpected_reply')
    }
  })

  test('a list that announces more than it holds is an error', async () => {
    if (marketplace.shortList === null) return
    const rig = aRig(marketplace)
    rig.fault({ kind: 'status', status: 200, body: JSON.stringify(marketplace.shortList), ...marketplace.list })
    expect((await rig.failure(rig.provider.look())).kind).toBe('unexpected_reply')
  })

  test('a page without its paging fields gives the whole fleet or an error, never a part of it', async () => {
    for (const field of marketplace.pagingFields) {
      const rig = aRig(marketplace)
      marketplace.shortPages?.(rig)
      const ids = crowd(rig)
      rig.fault({ kind: 'drop_field', field, ...marketplace.list })
      const seen = await rig.done(
        rig.provider.look().then(
          ({ machines }) => machines.length,
          ({ kind }) => kind,
        ),
      )
      expect([ids.length, 'unexpected_reply'], field).toContain(seen)
    }
  })

  test('machines of others are seen with their label and without one, and are not touched', async () => {
    const rig = aRig(marketplace)
    const labelled = String(rig.order('foreign-machine', { label: 'somebody-elses' }).machine)
    const unlabelled = String(rig.order('foreign-machine', { label: null }).machine)
    const { machine } = await rig.running()
    const { machines } = await rig.done(rig.provider.look())
    expect(machines.map(({ externalId }) => externalId).toSorted()).toEqual(
      [labelled, unlabelled, machine.externalId].toSorted(),
    )
    expect(machines.find(({ externalId }) => externalId === labelled)?.label).toBe('somebody-elses')
    await rig.done(rig.provider.terminate(machine.externalId))
    await rig.pass(rig.provider.describe().abilities.endDeadlineMs)
    await rig.done(rig.provider.lookAt(machine.externalId))
    const theirs = rig.simulator.marketplace.machines().filter(({ id }) => id === labelled || id === unlabelled)
    expect(theirs.map(({ billing }) => billing)).toEqual([true, true])
  })

  test('a list that lags is not proof of absence: looking at the machine is', async () => {
    const rig = aRig(marketplace)
    const { listLagMs } = rig.provider.describe().abilities
    rig.order('list-lag', { ms: listLagMs - 5_000 })
    const { externalId } = await rig.launch()
    const { machines } = await rig.done(rig.provider.look())
    expect(machines.map((one) => one.externalId)).not.toContain(externalId)
    if (marketplace.name !== 'runpod over GraphQL') {
      expect((await rig.done(rig.provider.lookAt(externalId))).kind).toBe('seen')
    }
    await rig.pass(listLagMs)
    const later = await rig.done(rig.provider.look())
    expect(later.machines.map((one) => one.externalId)).toContain(externalId)
  })
})

/** Lists only, not one machine below the same path. */
function pathOf(path: string, seen: string): string {
  return seen.endsWith(path) ? seen : ''
}
