import { createHmac } from 'node:crypto'
import { createServer } from 'node:net'
import type { Simulator } from '../../simulators/kit/controlled.ts'
import type { SimReply, SimRequest } from '../../simulators/kit/simulator.ts'
import { expectSame, expectThat, type Lab, type LabWorld } from './lab.ts'

export const minute = 60_000
export const product = 'RTX 4090 24GB'
export const minimal = { name: 'test-instance', productName: product, templateId: 'pytorch-jupyter' }

export interface NovitaWorld {
  world: LabWorld
  /** What Novita was asked, with bodies. */
  asked: SimRequest[]
  /** Somebody who gets webhooks, as `receiver.simulated`. */
  receiver: Receiver
}

export interface Receiver {
  url: string
  posts: { at: number; headers: Record<string, string>; text: string; body: Record<string, unknown> }[]
  /** Default: 200. */
  answer: (request: SimRequest) => SimReply
}

/** Only Novita, without mishaps of its own. */
export async function novitaWorld(lab: Lab, settings: Record<string, string> = {}): Promise<NovitaWorld> {
  const world = await lab.world({ providers: ['novita'], settings })
  world.order('novita', 'special/chances', { calm: true })
  const asked: SimRequest[] = []
  const { novita } = world.simulators
  world.simulators.novita = {
    ...novita,
    handle(request) {
      if (!request.path.startsWith('/_control')) asked.push(request)
      return novita.handle(request)
    },
  }
  const receiver: Receiver = {
    url: 'http://receiver.simulated/hook',
    posts: [],
    answer: () => ({ status: 200, headers: {}, body: '' }),
  }
  const receives = {
    handle(request: SimRequest) {
      const { headers, body: text } = request
      receiver.posts.push({ at: world.clock.now(), headers, text, body: JSON.parse(text) })
      return receiver.answer(request)
    },
  }
  Object.assign(world.simulators as Record<string, unknown>, { receiver: receives as Partial<Simulator> })
  return { world, asked, receiver }
}

export function creationsIn(asked: readonly SimRequest[]) {
  return asked
    .filter(({ path }) => path.endsWith('/gpu/instance/create'))
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>)
}

/** @returns the id */
export async function created(world: LabWorld, body: object = {}): Promise<string> {
  const reply = await world.call('POST', '/api/instances', { ...minimal, ...body })
  expectThat(reply.status === 201, `POST /api/instances answers ${reply.status}: ${JSON.stringify(reply.body)}`)
  return reply.body.instanceId
}

// biome-ignore lint/suspicious/noExplicitAny: a check looks into answers of every shape
export async function shown(world: LabWorld, id: string): Promise<any> {
  return (await world.call('GET', `/api/instances/${id}`)).body
}

/** Lets time pass until the face says so. */
export function untilWord(world: LabWorld, id: string, status: string, withinMs = 15 * minute) {
  return world.until(async () => {
    const one = await shown(world, id)
    return one.status === status && one
  }, withinMs)
}

export async function expectError(
  world: LabWorld,
  call: Parameters<LabWorld['call']>,
  status: number,
  code: string,
): Promise<Record<string, unknown>> {
  const reply = await world.call(...call)
  expectSame([reply.status, reply.body.error?.code], [status, code], `the answer to ${call[0]} ${call[1]}`)
  const { error } = reply.body
  expectSame(
    [typeof error.message, typeof error.timestamp, typeof error.requestId, typeof error.details],
    ['string', 'string', 'string', 'object'],
    `the parts of the error of ${call[1]}`,
  )
  return error
}

export function signatureOf(secret: string, text: string): string {
  return `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`
}

/** Machines at Novita that may still be billed. */
export function billing(world: LabWorld): number {
  const machines = world.simulators.novita.marketplace.machines()
  return machines.filter((one) => one.billing).length
}

/** A port that nobody has at this moment; `hold` keeps it taken. */
export async function aPort(lab: Lab, { hold = false } = {}): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  if (hold) lab.atEnd(close)
  else await close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
