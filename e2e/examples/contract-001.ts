import type { Lab } from '../acceptance/lab.ts'
import { expectSame, expectThat } from '../acceptance/lab.ts'
import { examplesFor, type Scene, sceneOf, tryExample } from './contracts.ts'
import type { Example } from './extract.ts'
import type { Outcome } from './stage.ts'

const controlKey = 'an-example-control-key'

const headers = { 'X-API-Key': controlKey }

/** A product that controls one machine, as contract 001 has it: somebody else has rented it, and it serves a model. */
export async function sceneOf001(lab: Lab): Promise<Scene & { machine: number }> {
  const before = await lab.world({ providers: ['vast'] })
  const rented = await before.call('POST', '/api/v1/instances', {
    gpu_model: 'RTX 3090',
    ports: [8001, 8000].map((container_port) => ({ container_port, protocol: 'tcp' })),
  })
  const { provider_id: machine } = await before.untilStatus(rented.body.data.id, 'ready', 1_800_000)
  const settings = { CONTROL_API_KEY: controlKey, VAST_INSTANCE_ID: machine, INSTALLATION_ID: 'controller' }
  const world = await lab.world({ providers: ['vast'], after: { ...before, dataDir: lab.folder() }, settings })
  await world.until(async () => {
    const reply = await world.call('GET', '/infra/vast/status', undefined, headers)
    return reply.body.status === 'running'
  }, 600_000)
  return { ...(await sceneOf(world, headers)), machine: Number(machine) }
}

/**
 * Every request of the document in its order, on a machine that was switched on, and once more after it was switched off.
 *
 * @returns what was seen, for people
 */
export async function tryExamples001(scene: Scene & { machine: number }): Promise<string> {
  const examples = examplesFor('001')
  const on = examples.find(({ code }) => code.includes('/power/on'))
  expectThat(on !== undefined && examples.length === 6, `the document has ${examples.length} requests, not 6`)
  for (const example of [on, ...examples, on]) isAnswered(await tryExample(scene, example), example, scene.machine)
  const { status } = await scene.stage.run({ ...on, code: 'GET /infra/vast/status\nX-API-Key: wrong' })
  expectSame(status, 401, 'the status for a wrong key')
  return `${examples.length} requests as written, on a machine that was switched on, off, and on again`
}

function isAnswered({ body }: Outcome, { code }: Example, machine: number): void {
  const path = /\/infra\/vast\/(\S+)/.exec(code)?.[1]
  switch (path) {
    case 'status':
    case 'power/on':
      expectSame([body.status, body.instance_id], ['running', machine], path)
      break
    case 'power/off':
      expectSame(body.status, 'stopped', path)
      expectThat(/^Instance stopped\. Session: \d+\.\d min, \$\d+\.\d{3}$/.test(body.message), body.message)
      break
    case 'activity':
      expectSame(body.status, 'recorded', path)
      break
    case 'costs':
      expectThat(body.sessions_count >= 1, `${body.sessions_count} sessions`)
      break
    case 'audit':
      expectThat(body.length > 0, 'the audit is empty')
      for (const { ts, event, actor, meta } of body) {
        const isWhole = !Number.isNaN(Date.parse(ts)) && typeof event === 'string' && typeof actor === 'string'
        expectThat(isWhole && typeof meta === 'object', `an entry is ${JSON.stringify({ ts, event, actor, meta })}`)
      }
      break
    default:
      throw new Error(`nobody knows ${path}`)
  }
}
