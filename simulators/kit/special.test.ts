/** What all five answer alike under `/_control/`. */

import { describe, expect, test } from 'vitest'
import { createLambda } from '../lambda/lambda.ts'
import { createNovita } from '../novita/novita.ts'
import { createPaperspace } from '../paperspace/paperspace.ts'
import { createRunpod } from '../runpod/runpod.ts'
import { createVast } from '../vast/vast.ts'
import { type TurnableClock, turnableClock } from './clock.ts'
import { controlled, type Simulator } from './controlled.ts'
import type { Marketplace, SimReply, SimulatorOptions, ThingReport } from './simulator.ts'

const start = Date.UTC(2026, 10, 1, 12)

interface Case {
  create(options: SimulatorOptions): Marketplace
  list: string
  kinds: ThingReport['kind'][]
}

const cases: Record<string, Case> = {
  vast: { create: createVast, list: '/api/v1/instances/', kinds: ['volume'] },
  runpod: { create: createRunpod, list: '/v2/pods', kinds: ['volume'] },
  lambda: { create: createLambda, list: '/api/v1/instances', kinds: ['filesystem'] },
  paperspace: { create: createPaperspace, list: '/v1/machines', kinds: ['address', 'snapshot', 'template', 'drive'] },
  novita: { create: createNovita, list: '/gpu-instance/openapi/v1/gpu/instances', kinds: ['volume'] },
}

interface Bench {
  clock: TurnableClock
  simulator: Simulator
  order(name: string, body: unknown): SimReply
  things(): ThingReport[]
  list(): SimReply
}

function bench(name: string, restored?: unknown, clock = turnableClock(start)): Bench {
  const { create, list } = cases[name] as Case
  const simulator = controlled(create({ clock, seed: 7, ...(restored === undefined ? {} : { restored }) }), clock)
  const send = (method: string, path: string, body?: unknown) => {
    clock.advance(20_000)
    return simulator.handle({
      method,
      path,
      query: new URLSearchParams(),
      headers: { authorization: `Bearer sim-${name}`, 'user-agent': 'gpufleet/1' },
      body: body === undefined ? '' : JSON.stringify(body),
    })
  }
  return {
    clock,
    simulator,
    order: (special, body) => send('POST', `/_control/special/${special}`, body),
    things: () => JSON.parse(send('GET', '/_control/things').body),
    list: () => send('GET', list),
  }
}

describe.each(Object.keys(cases))('%s', (name) => {
  const { kinds } = cases[name] as Case

  test.each(kinds)('bills a foreign %s to the last day, and remembers it', (kind) => {
    const one = bench(name)
    expect(one.things()).toEqual([])
    const { thing } = JSON.parse(one.order('foreign-thing', { kind, name: 'gf-abcd-inst_1-1', sizeGb: 50 }).body)
    const shownName = kind === 'address' ? null : 'gf-abcd-inst_1-1'
    expect(one.things()).toEqual([{ id: thing, kind, name: shownName, billing: true, attachedTo: null }])

    one.clock.advance(86_400_000)
    const lines = one.simulator.marketplace.bill().lines.filter((line) => line.machineId === thing)
    expect(lines).toMatchObject([{ thing: kind, label: shownName, endedAt: null }])
    expect(Number(lines[0]?.amount)).toBeGreaterThan(0)

    const again = bench(name, JSON.parse(JSON.stringify(one.simulator.marketplace.snapshot())), one.clock)
    expect(again.things()).toEqual(one.things())
    expect(again.simulator.marketplace.bill()).toEqual(one.simulator.marketplace.bill())
  })

  test('refuses a kind that it does not sell', () => {
    const answer = bench(name).order('foreign-thing', { kind: 'yacht', name: 'x' })
    expect(answer.status).toBe(409)
  })

  test('reports the machine that a thing is attached to', () => {
    const one = bench(name)
    const { machine } = one.simulator.marketplace.controls.foreignMachine({ label: 'colleague' })
    const kind = kinds[0]
    one.order('foreign-thing', { kind, name: 'data', attachedTo: machine })
    expect(one.things()).toMatchObject([{ kind, attachedTo: machine }])
    const astray = one.order('foreign-thing', { kind, name: 'data', attachedTo: 'nobody' })
    expect(astray.status).toBeGreaterThanOrEqual(400)
    expect(one.things()).toHaveLength(1)
  })

  test('announces its end in headers, on the paths it is asked to, until told otherwise', () => {
    const one = bench(name)
    expect(one.list().headers).not.toHaveProperty('deprecation')
    one.order('deprecate', { at: '2026-11-02T00:00:00Z', sunset: '2027-01-01T00:00:00Z', version: '2026-11' })
    const announced = {
      deprecation: `@${Date.UTC(2026, 10, 2) / 1_000}`,
      sunset: 'Fri, 01 Jan 2027 00:00:00 GMT',
      'api-version': '2026-11',
    }
    expect(one.list()).toMatchObject({ status: 200, headers: announced })
    const again = bench(name, JSON.parse(JSON.stringify(one.simulator.marketplace.snapshot())), one.clock)
    expect(again.list().headers).toMatchObject(announced)

    one.order('deprecate', { path: '/elsewhere' })
    expect(one.list().headers).not.toHaveProperty('deprecation')
    one.order('deprecate', { off: true })
    expect(one.list().headers).not.toHaveProperty('deprecation')
    expect(one.order('deprecate', { at: 'soon' }).status).toBe(400)
  })
})
