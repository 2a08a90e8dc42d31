/** Several users who launch, stop, start, restart and end machines without a pause, and remember what they were promised. */

import type { ProviderName } from '../../server/src/core/providers.ts'
import type { Random } from '../../simulators/kit/random.ts'
import { sleep } from './ask.ts'
import { type Answer, type Asked, insist, type Patience } from './user.ts'

/** What a user was told of one instance. */
export interface Promised {
  id: string
  /** Given by the user, a different one for each launch. */
  label: string
  /** What it was last acknowledged to become; null when a call was refused that may have worked unheard. */
  wanted: 'up' | 'stopped' | 'ended' | null
}

export interface Load {
  promised: ReadonlyMap<string, Promised>
  counts: Record<'launches' | 'refused' | 'stops' | 'starts' | 'restarts' | 'ends' | 'repeated', number>
  /** What was answered against the rules. */
  complaints: string[]
  run(): void
  /** No new wishes; resolves when what was asked is answered. */
  finish(): Promise<void>
  /** Ends everything. */
  endAll(): Promise<void>
}

export interface LoadOptions {
  providers: readonly ProviderName[]
  random: Random
  patience: Patience
  users: number
  /** How many instances are wanted at a time. */
  most: number
  secrets: readonly [environment: string, registry: string]
}

const sshKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com'

const anywhere = { min_vram_gb: 16, max_price_per_hour_usd: '2.00' }
const wishes: Record<ProviderName, readonly Record<string, unknown>[]> = {
  vast: [
    { provider: 'vast_ai', min_vram_gb: 8, market: 'any' },
    { provider: 'vast_ai', gpu_model: 'RTX 4090' },
  ],
  runpod: [{ provider: 'runpod', gpu_model: 'RTX 4090' }],
  lambda: [{ provider: 'lambda_labs', gpu_model: 'A10' }],
  paperspace: [{ provider: 'paperspace', gpu_model: 'A4000' }],
  novita: [{ provider: 'novita', gpu_model: 'RTX 4090', market: 'any' }],
}

/** After a start the market is read first, which takes longer than many lives: the others are to go on meanwhile. */
const mostLaunching = 6

const ended = new Set(['terminating', 'terminated', 'failed'])

export function createLoad({ providers, random, patience, users, most, secrets }: LoadOptions): Load {
  const promised = new Map<string, Promised>()
  const counts: Load['counts'] = { launches: 0, refused: 0, stops: 0, starts: 0, restarts: 0, ends: 0, repeated: 0 }
  const complaints: string[] = []
  const inUse = new Set<string>()
  let goesOn = false
  let asked = 0
  let launching = 0
  let working: Promise<unknown> = Promise.resolve()

  async function ask(request: Asked): Promise<Answer> {
    const answer = await insist(request, patience)
    const what = `${request.method} ${request.path}`
    if (answer.status >= 500) complaints.push(`${what} was answered ${answer.status}: ${answer.text}`)
    for (const secret of secrets)
      if (answer.text.includes(secret)) complaints.push(`${what} was answered with a secret`)
    return answer
  }

  function newKey(): string {
    asked += 1
    return `key-${asked}`
  }

  async function launch(): Promise<void> {
    const key = newKey()
    const label = `kill-${key}`
    const [token, password] = secrets
    const body = {
      ...random.pick([anywhere, ...providers.flatMap((name) => wishes[name])]),
      disk_gb: random.pick([10, 20, 50]),
      image: 'ubuntu:24.04',
      label,
      ssh_public_key: sshKey,
      environment: { HF_TOKEN: token },
      ...(random.chance(0.3) && { registry_auth: { username: 'me', password } }),
    }
    const request: Asked = { method: 'POST', path: '/api/v1/instances', body, key }
    const answer = await ask(request)
    if (answer.status !== 201) {
      counts.refused += 1
      return
    }
    counts.launches += 1
    const { id } = answer.body.data
    promised.set(id, { id, label, wanted: 'up' })
    if (!random.chance(0.2)) return
    counts.repeated += 1
    const again = await ask(request)
    if (again.body?.data?.id !== id) complaints.push(`${key} made ${id}, and repeated: ${again.text}`)
  }

  async function change(one: Promised): Promise<void> {
    const { status } = (await ask({ method: 'GET', path: `/api/v1/instances/${one.id}` })).body?.data ?? {}
    if (ended.has(status)) {
      // What failed is over; what somebody ended is on its way.
      return
    }
    if (status === 'stopped') return random.chance(0.6) ? act(one, 'start') : end(one)
    if (status !== 'running' && status !== 'ready') return random.chance(0.005) ? end(one) : undefined
    const choice = random.next()
    if (choice < 0.5) return act(one, 'stop')
    if (choice < 0.6) return act(one, 'restart')
    if (choice < 0.8) return end(one)
  }

  async function act(one: Promised, verb: 'start' | 'stop' | 'restart'): Promise<void> {
    const answer = await ask({ method: 'POST', path: `/api/v1/instances/${one.id}/${verb}`, key: newKey() })
    if (answer.status === 200) {
      counts[`${verb}s`] += 1
      one.wanted = verb === 'stop' ? 'stopped' : 'up'
    } else if (answer.silences > 0) one.wanted = null
  }

  async function end(one: Promised): Promise<void> {
    const answer = await ask({ method: 'DELETE', path: `/api/v1/instances/${one.id}`, key: newKey() })
    if (answer.status !== 200) complaints.push(`the end of ${one.id} was answered ${answer.status}: ${answer.text}`)
    else if (one.wanted !== 'ended') counts.ends += 1
    one.wanted = 'ended'
  }

  async function user(): Promise<void> {
    while (goesOn) {
      const active = [...promised.values()].filter(({ wanted }) => wanted !== 'ended')
      const free = active.filter(({ id }) => !inUse.has(id))
      const wantsMore = active.length < most && launching < mostLaunching && random.chance(0.5)
      if (wantsMore || free.length === 0) {
        launching += 1
        await launch().finally(() => {
          launching -= 1
        })
      } else {
        const one = random.pick(free)
        inUse.add(one.id)
        await change(one).finally(() => inUse.delete(one.id))
      }
      await sleep(random.int(20, 400))
    }
  }

  return {
    promised,
    counts,
    complaints,
    run() {
      goesOn = true
      working = Promise.all(Array.from({ length: users }, user))
      // Told by `finish`.
      working.catch(() => {})
    },
    async finish() {
      goesOn = false
      await working
    },
    async endAll() {
      for (const one of promised.values()) await end(one)
    },
  }
}
