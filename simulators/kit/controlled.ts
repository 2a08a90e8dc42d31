/**
 * A marketplace with its control panel: faults on the wire, the bill, and the orders of `Controls`, all under
 * `/_control/`. Control routes need no key and are never part of the marketplace's own API.
 *
 * | route | what |
 * | --- | --- |
 * | GET /_control/ | this marketplace's name, clock and control names |
 * | GET /_control/bill | what it charges, to the nano-dollar |
 * | GET /_control/machines | every machine, the customer's or not |
 * | GET /_control/things | what bills besides machines |
 * | GET, POST, DELETE /_control/faults | faults on the wire |
 * | GET, DELETE /_control/requests | the requests it saw: at, method, path, status |
 * | POST /_control/sell-out, change-price, interrupt, fail-start, list-lag, pace, balance, foreign-machine | `Controls` |
 * | POST /_control/special/<name> | foreign-thing, deprecate, page-size, utilisation, and what only this marketplace knows |
 */

import type { SimClock } from './clock.ts'
import { type Fault, type FaultBoard, faultBoard } from './faults.ts'
import { type Controls, type Marketplace, NotPossibleHere, type SimReply, type SimRequest } from './simulator.ts'

export interface SeenRequest {
  at: number
  method: string
  path: string
  status: number
}

export interface Simulator {
  readonly name: string
  handle(request: SimRequest): SimReply
  readonly marketplace: Marketplace
  readonly faults: FaultBoard
  readonly requests: SeenRequest[]
}

const keptRequests = 5_000

const orders: Record<string, (controls: Controls, order: never) => unknown> = {
  'sell-out': (controls, order) => controls.sellOut(order),
  'change-price': (controls, order) => controls.changePrice(order),
  interrupt: (controls, order) => controls.interrupt(order),
  'fail-start': (controls, order) => controls.failStart(order),
  'list-lag': (controls, order) => controls.listLag(order),
  pace: (controls, order) => controls.pace(order),
  balance: (controls, order) => controls.balance(order),
  'foreign-machine': (controls, order) => controls.foreignMachine(order),
}

export function controlled(marketplace: Marketplace, clock: SimClock): Simulator {
  const faults = faultBoard()
  const requests: SeenRequest[] = []

  function handle(request: SimRequest): SimReply {
    if (request.path === '/_control' || request.path.startsWith('/_control/')) return control(request)
    const reply = faults.apply(request, (passed) => marketplace.handle(passed))
    requests.push({
      at: clock.now(),
      method: request.method,
      path: request.path,
      status: reply.dropped ? 0 : reply.status,
    })
    if (requests.length > keptRequests) requests.shift()
    return reply
  }

  function control(request: SimRequest): SimReply {
    const path = request.path.replace(/^\/_control\/?/, '').replace(/\/$/, '')
    try {
      if (request.method === 'GET') return read(path)
      if (request.method === 'DELETE') return remove(path)
      if (request.method === 'POST') return order(path, request.body === '' ? {} : JSON.parse(request.body))
      return json(405, { error: 'GET, POST or DELETE' })
    } catch (error) {
      if (error instanceof NotPossibleHere) return json(409, { error: error.message })
      return json(400, { error: error instanceof Error ? error.message : String(error) })
    }
  }

  function read(path: string): SimReply {
    if (path === '') {
      return json(200, { name: marketplace.name, now: clock.now(), speed: clock.speed, orders: Object.keys(orders) })
    }
    if (path === 'bill') return json(200, marketplace.bill())
    if (path === 'machines') return json(200, marketplace.machines())
    if (path === 'things') return json(200, marketplace.things())
    if (path === 'faults') return json(200, faults.list())
    if (path === 'requests') return json(200, requests)
    return json(404, { error: `no such control: ${path}` })
  }

  function remove(path: string): SimReply {
    if (path === 'faults') faults.clear()
    else if (path === 'requests') requests.length = 0
    else return json(404, { error: `nothing to remove: ${path}` })
    return json(200, {})
  }

  function order(path: string, body: unknown): SimReply {
    if (path === 'faults') {
      faults.add(body as Fault)
      return json(200, faults.list())
    }
    if (path.startsWith('special/')) {
      return json(
        200,
        marketplace.controls.special(path.slice('special/'.length), body as Record<string, unknown>) ?? {},
      )
    }
    const act = orders[path]
    if (!act) return json(404, { error: `no such control: ${path}` })
    return json(200, act(marketplace.controls, body as never) ?? {})
  }

  return { name: marketplace.name, handle, marketplace, faults, requests }
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): SimReply {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) }
}

export function text(status: number, body: string, headers: Record<string, string> = {}): SimReply {
  return { status, headers: { 'content-type': 'text/plain', ...headers }, body }
}
