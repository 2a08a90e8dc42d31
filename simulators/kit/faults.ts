/**
 * Faults on the wire, the same for every marketplace: the request is applied or not, and the reply is lost, late,
 * replaced or damaged. Ordered under `POST /_control/faults`.
 */

import type { SimReply, SimRequest } from './simulator.ts'

export interface Fault {
  kind:
    | 'lose_reply' // applied, then the connection drops
    | 'refuse' // not applied, the connection drops
    | 'late' // applied, answered after `delayMs`
    | 'status' // not applied, answered with `status` and `body`
    | 'status_after' // applied, and yet answered with `status` and `body`
    | 'html' // not applied, an HTML page as proxies send it
    | 'garbage' // applied, the body is cut in the middle
    | 'drop_field' // applied, every field called `field` is missing from the reply
    | 'header' // applied, the reply carries `headers` on top (Deprecation, Retry-After, API-Version)
  /** Only requests of this method. */
  method?: string
  /** Only requests whose path contains this text. */
  path?: string
  /** How many requests it hits; without it, all until it is removed. */
  times?: number
  /** Requests to let pass first. */
  skip?: number
  status?: number
  body?: string
  contentType?: string
  headers?: Record<string, string>
  delayMs?: number
  field?: string
}

export interface FaultBoard {
  add(fault: Fault): void
  clear(): void
  list(): Fault[]
  apply(request: SimRequest, handle: (request: SimRequest) => SimReply): SimReply
}

export function faultBoard(initial: readonly Fault[] = []): FaultBoard {
  let faults: Fault[] = initial.map((fault) => ({ ...fault }))

  function take(request: SimRequest): Fault | undefined {
    for (const fault of faults) {
      if (fault.method && fault.method.toUpperCase() !== request.method) continue
      if (fault.path && !request.path.includes(fault.path)) continue
      if (fault.skip) {
        fault.skip -= 1
        continue
      }
      if (fault.times !== undefined) {
        fault.times -= 1
        if (fault.times <= 0) faults = faults.filter((other) => other !== fault)
      }
      return fault
    }
    return undefined
  }

  return {
    add: (fault) => void faults.push({ ...fault }),
    clear: () => {
      faults = []
    },
    list: () => faults.map((fault) => ({ ...fault })),
    apply(request, handle) {
      const fault = take(request)
      if (!fault) return handle(request)
      return damaged(fault, request, handle)
    },
  }
}

function damaged(fault: Fault, request: SimRequest, handle: (request: SimRequest) => SimReply): SimReply {
  switch (fault.kind) {
    case 'lose_reply':
      return { ...handle(request), dropped: true }
    case 'refuse':
      return { status: 0, headers: {}, body: '', dropped: true }
    case 'late':
      return { ...handle(request), delayMs: fault.delayMs ?? 60_000 }
    case 'status':
      return faultReply(fault)
    case 'status_after':
      handle(request)
      return faultReply(fault)
    case 'html':
      return {
        status: fault.status ?? 502,
        headers: { 'content-type': 'text/html' },
        body:
          fault.body ?? '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>',
      }
    case 'garbage': {
      const reply = handle(request)
      return { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) }
    }
    case 'drop_field': {
      const reply = handle(request)
      return { ...reply, body: withoutField(reply.body, fault.field ?? '') }
    }
    case 'header': {
      const reply = handle(request)
      return { ...reply, headers: { ...reply.headers, ...fault.headers } }
    }
  }
}

function faultReply(fault: Fault): SimReply {
  return {
    status: fault.status ?? 500,
    headers: { 'content-type': fault.contentType ?? 'application/json', ...fault.headers },
    body: fault.body ?? '{}',
  }
}

function withoutField(body: string, field: string): string {
  try {
    return JSON.stringify(JSON.parse(body, (key, value) => (key === field ? undefined : value)))
  } catch {
    return body
  }
}
