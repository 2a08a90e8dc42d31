import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { SimRequest } from '../../simulators/kit/simulator.ts'
import { expectThat, type Lab, type LabWorld } from './lab.ts'

export const minute = 60_000
export const hour = 60 * minute

/** Only Vast, without mishaps; vLLM on its machines answers when `vllm.answers` is set. */
export async function vastWorld(lab: Lab): Promise<{ world: LabWorld; vllm: { answers: boolean } }> {
  const vllm = { answers: true }
  const world = await lab.world({
    providers: ['vast'],
    surroundings: { probe: async () => (vllm.answers ? 'passing' : 'failing') },
  })
  world.order('vast', 'special/calm')
  world.order('vast', 'pace', { loadingMs: 20_000, stoppingMs: 3_000, startingMs: 5_000 })
  return { world, vllm }
}

/** What the view or table answers, read as anybody would read the file. */
// biome-ignore lint/suspicious/noExplicitAny: rows of every shape
export function rows(world: LabWorld, query: string, ...values: (string | number)[]): any[] {
  const file = new DatabaseSync(join(world.dataDir, 'gpufleet.db'), { readOnly: true })
  try {
    return file.prepare(query).all(...values)
  } finally {
    file.close()
  }
}

export function rowOf(world: LabWorld, id: string) {
  const [row] = rows(world, 'select * from vast_instances where instance_id = ?', id)
  expectThat(row, `vast_instances has no row for ${id}`)
  return row
}

export function logOf(world: LabWorld, id: string) {
  return rows(world, 'select * from vast_execution_logs where instance_id = ? order by created_at, id', id)
}

/** @returns the answer, which is a good one */
export async function create(world: LabWorld, body: unknown, path = '/api/vast/instances') {
  const reply = await world.call('POST', path, body)
  expectThat(reply.status === 200, `${path} answers ${reply.status}: ${JSON.stringify(reply.body)}`)
  return reply.body
}

export function fromTemplate(world: LabWorld, query: string, body?: unknown) {
  return create(world, body, `/api/vast/instances/from-template?${query}`)
}

/** The word that the face has for it. */
export async function wordOf(world: LabWorld, id: string): Promise<string> {
  return (await world.call('GET', `/api/vast/instances/${id}/status`)).body.status
}

/** Lets time pass until the row says so; nobody asks the server anything. */
export async function untilRow(world: LabWorld, id: string, status: string, withinMs = 20 * minute) {
  return world.until(async () => {
    const row = rowOf(world, id)
    return row.status === status && row
  }, withinMs)
}

export async function offers(world: LabWorld, body: unknown = { limit: 100, rentable: true }) {
  return (await world.call('POST', '/api/vast/search-offers', body)).body.offers as {
    id: string
    gpu_name: string
    num_gpus: number
    gpu_ram: number
    dph_total: number
  }[]
}

/** The bodies of the requests to rent that Vast gets from now on. */
export function rentals(world: LabWorld): { path: string; body: { env: Record<string, string>; image: string } }[] {
  const seen: ReturnType<typeof rentals> = []
  const { vast } = world.simulators
  const handle = vast.handle
  vast.handle = (request: SimRequest) => {
    if (request.method === 'PUT' && request.path.startsWith('/api/v0/asks/')) {
      seen.push({ path: request.path, body: JSON.parse(request.body) })
    }
    return handle(request)
  }
  return seen
}
