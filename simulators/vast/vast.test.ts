import { describe, expect, test } from 'vitest'
import { meterAmount, nanosFromUsd } from '../kit/bill.ts'
import { type TurnableClock, turnableClock } from '../kit/clock.ts'
import { controlled } from '../kit/controlled.ts'
import { seededRandom } from '../kit/random.ts'
import type { Marketplace, SimReply, SimRequest } from '../kit/simulator.ts'
import { recordedOffersFrom } from './recorded.ts'
import type { VastState } from './state.ts'
import { createVast, type VastOptions } from './vast.ts'

const start = Date.UTC(2026, 10, 1, 12)

interface Answer {
  status: number
  headers: Record<string, string>
  // biome-ignore lint/suspicious/noExplicitAny: bodies are looked at field by field
  body: any
}

interface Setup {
  clock: TurnableClock
  vast: Marketplace
  call(method: string, path: string, body?: unknown, key?: string | null): Answer
}

function request(method: string, path: string, body?: unknown, key: string | null = 'sim-vast'): SimRequest {
  const url = new URL(path, 'http://simulator')
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  }
}

function answerFrom(reply: SimReply): Answer {
  const isJson = reply.headers['content-type'] === 'application/json'
  return { status: reply.status, headers: reply.headers, body: isJson ? JSON.parse(reply.body) : reply.body }
}

/** A calm market without limits unless a test is about them. */
function setUp(options: Partial<VastOptions> & { calm?: boolean; limits?: boolean } = {}): Setup {
  const { calm = true, limits = false, ...rest } = options
  const clock = (options.clock as TurnableClock | undefined) ?? turnableClock(start)
  const vast = createVast({ clock, seed: 7, offers: 300, ...rest })
  if (calm && !options.restored) vast.controls.special('calm', {})
  if (!limits) vast.controls.special('rate-limits', { value: false })
  return {
    clock,
    vast,
    call: (method, path, body, key) => answerFrom(vast.handle(request(method, path, body, key))),
  }
}

const cheapest = { order: [['dph_total', 'asc']], limit: 20, direct_port_count: { gte: 4 }, dph_total: { gte: 0.1 } }

function anOffer(sim: Setup, more: Record<string, unknown> = {}) {
  return sim.call('POST', '/api/v0/bundles/', { ...cheapest, ...more }).body.offers[0]
}

const order = {
  client_id: 'me',
  image: 'vllm/vllm-openai:latest',
  disk: 100,
  label: 'gp-1',
  runtype: 'ssh_direct',
  env: { HF_TOKEN: 'hf_x', '-p 8000:8000': '1' },
  onstart: 'vllm serve $MODEL_ID --port 8000',
}

function rented(sim: Setup, more: Record<string, unknown> = {}, offer = anOffer(sim)): number {
  const { status, body } = sim.call('PUT', `/api/v0/asks/${offer.id}/`, { ...order, ...more })
  expect(status, JSON.stringify(body)).toBe(200)
  return body.new_contract
}

function running(sim: Setup, more: Record<string, unknown> = {}, offer = anOffer(sim)): number {
  sim.vast.controls.pace({ loadingMs: 60_000, stoppingMs: 5_000, startingMs: 10_000 })
  const id = rented(sim, more, offer)
  sim.clock.advance(60_000)
  expect(shown(sim, id).actual_status).toBe('running')
  return id
}

function shown(sim: Setup, id: number) {
  return sim.call('GET', `/api/v0/instances/${id}/`).body.instances
}

describe('search', () => {
  test('answers every field of the documented offer and only fields that recordings have', () => {
    const sim = setUp()
    const offer = anOffer(sim)
    const documented =
      'id ask_contract_id bundle_id bundled_results machine_id host_id hosting_type hostname cluster_id gpu_name gpu_arch num_gpus gpu_frac gpu_ids gpu_ram gpu_total_ram gpu_lanes gpu_mem_bw gpu_max_power gpu_max_temp gpu_display_active bw_nvlink compute_cap total_flops cuda_max_good driver_version driver_vers cpu_name cpu_arch cpu_cores cpu_cores_effective cpu_ghz cpu_ram has_avx mobo_name pci_gen pcie_bw os_version disk_name disk_space disk_bw inet_up inet_down inet_up_cost inet_down_cost internet_up_cost_per_tb internet_down_cost_per_tb public_ipaddr static_ip direct_port_count geolocation geolocode dph_base dph_total dph_total_adj storage_cost storage_total_cost min_bid is_bid vram_costperhour credit_discount_max discount_rate discounted_hourly discounted_dph_total search instance dlperf dlperf_per_dphtotal flops_per_dphtotal score reliability reliability2 reliability_mult expected_reliability verification vericode is_vm_deverified vms_enabled external rentable rented duration start_date end_date resource_type avail_vol_ask_id avail_vol_dph avail_vol_size nw_disk_min_bw nw_disk_max_bw nw_disk_avg_bw logo webpage rn time_remaining time_remaining_isbid'
    const recordedBesides = 'sla_broker_rate sla_sigma_x sla_r_claim target_reliability'
    expect(Object.keys(offer).toSorted()).toEqual(`${documented} ${recordedBesides}`.split(' ').toSorted())
    const hourly = 'discountTotalHour discountedTotalPerHour diskHour gpuCostPerHour slaPremiumPerHour totalHour'.split(
      ' ',
    )
    expect(Object.keys(offer.search).toSorted()).toEqual(hourly)
    expect(Object.keys(offer.instance).toSorted()).toEqual(hourly)
  })

  test('shows a market of many models, sorted and filtered, 64 rows at most', () => {
    const sim = setUp({ offers: 1_500 })
    const all = sim.call('POST', '/api/v0/bundles/', { limit: 1_000, order: [['dph_total', 'asc']], verified: {} }).body
    expect(all.offers).toHaveLength(64)
    expect(all.truncated).toBe(true)
    const prices = all.offers.map((offer: { dph_total: number }) => offer.dph_total)
    expect(prices).toEqual(prices.toSorted((one: number, other: number) => one - other))
    const some = sim.call('POST', '/api/v0/bundles/', {
      gpu_name: { in: ['RTX 4090', 'RTX 5090'] },
      num_gpus: { gte: 2, lte: 4 },
      reliability: { gt: 0.95 },
      geolocation: { notin: ['US'] },
      limit: 5,
    }).body
    expect(some.truncated).toBe(false)
    expect(some.offers.length).toBeGreaterThan(0)
    for (const offer of some.offers) {
      expect(['RTX 4090', 'RTX 5090']).toContain(offer.gpu_name)
      expect([2, 3, 4]).toContain(offer.num_gpus)
      expect(offer.reliability).toBeGreaterThan(0.95)
      expect(offer.geolocation).not.toMatch(/US$/)
      expect(offer.verification).toBe('verified')
    }
  })

  test('prices storage for the disk that is asked for, and bids at the lowest winning one', () => {
    const sim = setUp()
    const asked = { ask_contract_id: { eq: anOffer(sim, { disk_space: { gte: 100 } }).id } }
    const plain = anOffer(sim, asked)
    const large = anOffer(sim, { ...asked, allocated_storage: 100 })
    expect(large.storage_total_cost).toBeCloseTo((plain.storage_cost * 100) / 720, 12)
    expect(large.dph_total).toBe(large.dph_base + large.storage_total_cost)
    const bid = anOffer(sim, { ...asked, type: 'bid', dph_total: { gt: 0 } })
    expect(bid.is_bid).toBe(true)
    expect(bid.dph_total).toBeCloseTo(plain.min_bid + plain.storage_total_cost, 12)
    expect(plain.dph_total_adj).toBeCloseTo(plain.dph_total + 2 * plain.inet_down_cost, 12)
  })

  test('takes GET with q, and the twin under PUT', () => {
    const sim = setUp()
    const query = encodeURIComponent(JSON.stringify(cheapest))
    const byGet = sim.call('GET', `/api/v0/bundles?q=${query}`)
    const byPut = sim.call('PUT', '/api/v0/search/asks/', { select_cols: ['id'], q: cheapest })
    expect(byPut.body.offers).toEqual(byGet.body.offers.map(({ id }: { id: number }) => ({ id })))
  })

  test('needs no key, ignores rented, and finds nothing by id', () => {
    const sim = setUp()
    expect(sim.call('POST', '/api/v0/bundles/', { ...cheapest, rented: { eq: true } }, null).body.offers).toHaveLength(
      20,
    )
    const id = anOffer(sim).id
    expect(sim.call('POST', '/api/v0/bundles/', { id: { eq: id } }).body.offers).toEqual([])
    expect(sim.call('POST', '/api/v0/bundles/', { ask_contract_id: { eq: id } }).body.offers).toHaveLength(1)
  })

  test('refuses what is not a query', () => {
    const sim = setUp()
    const refusal = (body: unknown) => sim.call('POST', '/api/v0/bundles/', body)
    expect(refusal('{')).toMatchObject({ status: 400, body: { error: 'invalid_request', msg: 'Invalid json body' } })
    expect(refusal([])).toMatchObject({ status: 400, body: { msg: 'Invalid query: must be dict of conditions' } })
    expect(refusal({ gpu_name: 'RTX 4090' })).toMatchObject({
      status: 400,
      body: { msg: '0 is not a valid search op' },
    })
    expect(refusal({ num_gpus: { like: 1 } })).toMatchObject({
      status: 400,
      body: { msg: 'like is not a valid search op' },
    })
    expect(refusal({ target_reliability: { eq: 1 } })).toMatchObject({ status: 400, body: { error: 'bad_request' } })
  })

  test('has joke prices, unverified machines, unknown cores and bids above the price', () => {
    const sim = setUp({ offers: 1_500 })
    const rows = new Map<number, Record<string, number | string | null>>()
    for (let above = 0; ; ) {
      const { offers } = sim.call('POST', '/api/v0/bundles/', {
        verified: {},
        order: [['dph_total', 'asc']],
        dph_total: { gt: above },
      }).body
      for (const offer of offers) rows.set(offer.id, offer)
      if (offers.length < 64) break
      above = offers[63].dph_total
    }
    const all = [...rows.values()]
    expect(all.length).toBeGreaterThan(1_100)
    expect(new Set(all.map((row) => row.gpu_name)).size).toBeGreaterThanOrEqual(40)
    const share = (test: (row: Record<string, number | string | null>) => boolean) =>
      all.filter(test).length / all.length
    expect(share((row) => Number(row.min_bid) > Number(row.dph_base))).toBeGreaterThan(0.08)
    expect(share((row) => Number(row.min_bid) > Number(row.dph_base))).toBeLessThan(0.18)
    expect(share((row) => row.verification !== 'verified')).toBeGreaterThan(0.25)
    expect(share((row) => row.cpu_cores === null)).toBeGreaterThan(0.002)
    const jokes = all.filter((row) => Number(row.dph_base) >= 64 && Number(row.dph_base) <= 128)
    expect(jokes.length).toBeGreaterThan(0)
  })

  test('loses a quarter of its machines within an hour, and many of the rest get new ids', () => {
    const sim = setUp({ offers: 1_500, calm: false })
    const seen = () => {
      const rows = new Map<string, number>()
      for (const name of ['RTX 4090', 'RTX 5090', 'RTX 3090', 'A100 SXM4', 'H100 SXM']) {
        for (const gpus of [1, 2, 4, 8]) {
          const query = { gpu_name: { eq: name }, num_gpus: { eq: gpus }, verified: {}, order: [['machine_id', 'asc']] }
          for (const offer of sim.call('POST', '/api/v0/bundles/', query).body.offers)
            rows.set(`${offer.machine_id} ${gpus}`, offer.id)
        }
      }
      return rows
    }
    const hours: { gone: number; renamed: number }[] = []
    for (let hour = 0; hour < 6; hour += 1) {
      const before = seen()
      sim.clock.advance(3_600_000)
      const after = seen()
      const stayed = [...before].filter(([key]) => after.has(key))
      hours.push({
        gone: 1 - stayed.length / before.size,
        renamed: stayed.filter(([key, id]) => after.get(key) !== id).length / stayed.length,
      })
    }
    const mean = (field: 'gone' | 'renamed') => hours.reduce((sum, hour) => sum + hour[field], 0) / hours.length
    expect(mean('gone')).toBeGreaterThan(0.2)
    expect(mean('gone')).toBeLessThan(0.33)
    expect(mean('renamed')).toBeGreaterThan(0.2)
    expect(mean('renamed')).toBeLessThan(0.37)
  })

  test('stops for the day when the rows are used up', () => {
    const sim = setUp()
    sim.vast.controls.special('search-quota', { value: 30 })
    sim.call('POST', '/api/v0/bundles/', cheapest)
    sim.call('POST', '/api/v0/bundles/', cheapest)
    const refused = sim.call('POST', '/api/v0/bundles/', cheapest)
    expect(refused).toMatchObject({
      status: 429,
      body: { error: 'search_quota_exceeded', msg: 'Daily search row quota exhausted' },
    })
    expect(refused.headers['retry-after']).toBe(String(12 * 3_600))
    sim.clock.advance(12 * 3_600_000)
    expect(sim.call('POST', '/api/v0/bundles/', cheapest).status).toBe(200)
  })

  test('is fast enough to be called all the time', () => {
    const sim = setUp({ offers: 1_500 })
    const before = performance.now()
    for (let nth = 0; nth < 100; nth += 1) {
      sim.vast.handle(
        request('POST', '/api/v0/bundles/', { gpu_name: { eq: 'RTX 4090' }, order: [['dph_total', 'asc']], limit: 10 }),
      )
    }
    expect((performance.now() - before) / 100).toBeLessThan(20)
  })
})

describe('rows that are written once', () => {
  test('say the same as rows written anew, after prices, time and terms have changed', () => {
    const sim = setUp({ calm: false })
    const fresh = (query: object) =>
      sim.vast.handle({
        ...request('GET', '/api/v0/bundles/'),
        query: new URLSearchParams({ q: JSON.stringify(query), select_cols: JSON.stringify(columns) }),
      }).body
    const columns = Object.keys(anOffer(sim))
    const queries = [
      { ...cheapest, type: 'on-demand' },
      { ...cheapest, type: 'bid', allocated_storage: 120 },
    ]
    for (let round = 0; round < 20; round += 1) {
      for (const query of queries) {
        const { offers } = sim.call('POST', '/api/v0/bundles/', query).body
        expect(offers.length).toBeGreaterThan(0)
        expect(JSON.parse(fresh(query)).offers).toEqual(offers)
      }
      if (round === 10) sim.vast.controls.changePrice({ factor: 1.5 })
      sim.clock.advance(1_234_567)
    }
  })
})

describe('keys', () => {
  test('no key is 403, an unknown one 404 or 401 by endpoint', () => {
    const sim = setUp()
    const login = { success: false, error: 'auth_error', msg: 'This action requires login.' }
    const unknown = { success: false, error: 'auth_error', msg: 'Invalid user key' }
    expect(sim.call('GET', '/api/v1/instances/', undefined, null)).toMatchObject({ status: 403, body: login })
    for (const path of ['/api/v1/instances/', '/api/v1/invoices/', '/api/v0/charges/', '/api/v0/bundles/']) {
      expect(sim.call('GET', path, undefined, 'wrong')).toMatchObject({ status: 404, body: unknown })
    }
    expect(sim.call('GET', '/api/v0/instances/5/', undefined, 'wrong')).toMatchObject({ status: 401, body: unknown })
    expect(sim.call('GET', '/api/v1/instances/?api_key=sim-vast', undefined, null).status).toBe(200)
  })

  test('the key of an instance starts, stops and destroys only that', () => {
    const sim = setUp()
    const made = sim.call('PUT', `/api/v0/asks/${anOffer(sim).id}/`, order).body
    const key = made.instance_api_key
    expect(sim.call('GET', '/api/v1/instances/', undefined, key).body.error).toBe('auth_error')
    expect(sim.call('DELETE', `/api/v0/instances/${made.new_contract + 1}/`, {}, key).status).toBe(404)
    expect(sim.call('DELETE', `/api/v0/instances/${made.new_contract}/`, {}, key).body).toEqual({ success: true })
    expect(sim.call('DELETE', `/api/v0/instances/${made.new_contract}/`, {}, key).body.error).toBe('auth_error')
  })

  test('lacks a group, or the session, on order', () => {
    const sim = setUp()
    sim.vast.controls.special('missing-groups', { groups: ['billing_read'] })
    expect(sim.call('GET', '/api/v1/invoices/').body).toMatchObject({
      error: 'auth_error',
      msg: 'Your key lacks the billing_read permission group',
    })
    sim.vast.controls.special('auth', { how: 'session_expired' })
    expect(sim.call('GET', '/api/v1/instances/')).toMatchObject({ status: 404, body: { error: 'auth_error' } })
    expect(sim.call('GET', '/api/v1/instances/').status).toBe(200)
  })
})

describe('a machine', () => {
  test('comes up, runs, stops, starts and goes, and the bill is exact at every step', () => {
    const sim = setUp()
    const offer = anOffer(sim)
    sim.vast.controls.pace({ loadingMs: 60_000, stoppingMs: 5_000, startingMs: 10_000 })
    const created = sim.call('PUT', `/api/v0/asks/${offer.id}/`, order)
    expect(Object.keys(created.body)).toEqual(['success', 'new_contract', 'instance_api_key'])
    expect(created.body.success).toBe(true)
    const id: number = created.body.new_contract

    expect(shown(sim, id)).toMatchObject({
      actual_status: null,
      intended_status: 'running',
      cur_state: 'running',
      next_state: 'running',
      status_msg: null,
      ports: null,
      uptime_mins: null,
      gpu_util: null,
      mem_limit: null,
      disk_util: -1,
      disk_usage: -1,
      start_date: start / 1_000,
      dph_base: offer.dph_base,
    })
    sim.clock.advance(30_000)
    expect(shown(sim, id)).toMatchObject({ actual_status: 'loading', ports: {} })
    expect(shown(sim, id).status_msg).toMatch(/^Downloading vllm\/vllm-openai:latest: \d+%$/)
    sim.clock.advance(30_000)
    const up = shown(sim, id)
    expect(up).toMatchObject({ actual_status: 'running', status_msg: 'success, running vllm/vllm-openai_latest/ssh' })
    expect(Object.keys(up.ports)).toEqual(['22/tcp', '8000/tcp'])
    expect(up.ports['8000/tcp'][0]).toEqual({ HostIp: '0.0.0.0', HostPort: expect.stringMatching(/^\d+$/) })
    expect(up.dph_total).toBe(up.dph_base + up.storage_total_cost)

    sim.clock.advance(600_000)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'stopped' }).body).toEqual({ success: true })
    expect(shown(sim, id)).toMatchObject({ intended_status: 'stopped', actual_status: 'running' })
    sim.clock.advance(5_000)
    expect(shown(sim, id)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'stopped',
      cur_state: 'stopped',
      next_state: 'stopped',
      ports: null,
      uptime_mins: null,
    })
    sim.clock.advance(100_000)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' }).body).toEqual({ success: true })
    expect(shown(sim, id)).toMatchObject({ actual_status: 'loading', intended_status: 'running' })
    sim.clock.advance(10_000)
    expect(shown(sim, id).actual_status).toBe('running')
    sim.clock.advance(20_500)
    expect(sim.call('DELETE', `/api/v0/instances/${id}/`, {}).body).toEqual({ success: true })
    sim.clock.advance(3_600_000)

    const bill = sim.vast.bill()
    const gpu = nanosFromUsd(offer.dph_base).toString()
    const disk = nanosFromUsd(up.storage_total_cost).toString()
    expect(
      bill.lines.map((line) => [line.kind, line.startedAt - start, (line.endedAt ?? 0) - start, line.ratePerHour]),
    ).toEqual([
      ['disk', 0, 795_500, disk],
      ['gpu', 60_000, 665_000, gpu],
      ['gpu', 775_000, 795_500, gpu],
    ])
    const cost = (rate: string, from: number, to: number) =>
      meterAmount({ startedAt: from, endedAt: to, ratePerHour: rate, stepMs: 1_000 }, 0)
    expect(BigInt(bill.total)).toBe(cost(disk, 0, 796_000) + cost(gpu, 0, 605_000) + cost(gpu, 0, 21_000))
    expect(sim.call('GET', `/api/v0/instances/${id}/`)).toMatchObject({ status: 200, body: { instances: null } })
    expect(sim.call('GET', '/api/v1/instances/').body.instances).toEqual([])
    expect(sim.vast.machines()).toEqual([{ id: String(id), label: 'gp-1', state: 'destroyed', billing: false }])
  })

  test('shows every documented field and no other', () => {
    const sim = setUp()
    const id = running(sim)
    const documented =
      'id actual_status intended_status cur_state next_state status_msg label template_id template_hash_id template_name image_uuid image_args image_runtype extra_env onstart jupyter_token ssh_host ssh_idx ssh_port machine_dir_ssh_port public_ipaddr local_ipaddrs ports direct_port_count direct_port_start direct_port_end static_ip machine_id host_id hosting_type bundle_id geolocation country_code verification reliability2 gpu_name gpu_arch num_gpus gpu_frac gpu_ram gpu_totalram gpu_util gpu_temp gpu_lanes gpu_mem_bw bw_nvlink cuda_max_good driver_version compute_cap total_flops cpu_name cpu_arch cpu_cores cpu_cores_effective cpu_ram cpu_util mem_limit mem_usage vmem_usage disk_name disk_space disk_bw disk_util disk_usage inet_up inet_down inet_up_cost inet_down_cost mobo_name pci_gen pcie_bw os_version dph_base dph_total storage_cost storage_total_cost min_bid is_bid vram_costperhour search instance credit_balance credit_discount credit_discount_max start_date end_date duration uptime_mins client_run_time host_run_time dlperf dlperf_per_dphtotal flops_per_dphtotal score rentable external logo webpage time_remaining time_remaining_isbid'
    expect(Object.keys(shown(sim, id))).toEqual(documented.split(' '))
    const row = sim.call('GET', '/api/v1/instances/').body.instances[0]
    expect(Object.keys(row)).toEqual([...documented.split(' '), 'volume_info'])
    expect(row.extra_env).toEqual([
      ['HF_TOKEN', 'hf_x'],
      ['-p 8000:8000', '1'],
    ])
    expect(row.image_runtype).toBe('ssh_direc ssh_proxy')
  })

  test.each([
    ['oci', 'created', /OCI runtime create failed/],
    ['manifest', 'created', /manifest unknown/],
    ['no_space', 'created', /no space left on device/],
    ['exited', 'exited', /exited/],
    ['stuck', 'loading', /^Downloading .*%$/],
    ['silent', null, null],
    ['unknown', 'unknown', null],
    ['offline', 'offline', null],
  ])('that fails to start as %s says so, and only its disk bills', (how, status, message) => {
    const sim = setUp()
    sim.vast.controls.pace({ loadingMs: 60_000 })
    sim.vast.controls.failStart({ how })
    const id = rented(sim)
    sim.clock.advance(3_600_000)
    const seen = shown(sim, id)
    expect(seen.actual_status).toBe(status)
    if (message) expect(seen.status_msg).toMatch(message)
    expect(seen.intended_status).toBe('running')
    expect(sim.vast.bill().lines.map((line) => line.kind)).toEqual(['disk'])
    sim.vast.controls.special('calm', {})
    expect(shown(sim, running(sim)).actual_status).toBe('running')
  })

  test('is queued at a start when its GPUs are let, and a stop takes the wish back', () => {
    const sim = setUp()
    const id = running(sim)
    sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'stopped' })
    sim.clock.advance(5_000)
    sim.vast.controls.special('gpus-taken', { machine: String(id) })
    const queued = {
      success: false,
      error: 'resources_unavailable',
      msg: 'Required resources are currently unavailable, state change queued.',
    }
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' })).toMatchObject({
      status: 200,
      body: queued,
    })
    expect(shown(sim, id)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'running',
      cur_state: 'stopped',
      next_state: 'running',
      ports: null,
    })
    sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'stopped' })
    sim.vast.controls.special('gpus-freed', { machine: String(id) })
    sim.clock.advance(3_600_000)
    expect(shown(sim, id).actual_status).toBe('exited')
    sim.vast.controls.special('gpus-taken', { machine: String(id) })
    sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' })
    sim.vast.controls.special('gpus-freed', { machine: String(id) })
    sim.clock.advance(10_000)
    expect(shown(sim, id).actual_status).toBe('running')
  })

  test('that is offline bills nothing, and filters still see the stored status', () => {
    const sim = setUp()
    const id = running(sim)
    sim.vast.controls.special('offline', { machine: String(id), ms: 300_000 })
    expect(shown(sim, id)).toMatchObject({ actual_status: 'offline', intended_status: 'running', cur_state: 'running' })
    const filtered = (status: string) =>
      sim.call(
        'GET',
        `/api/v1/instances/?select_filters=${encodeURIComponent(JSON.stringify({ actual_status: { eq: status } }))}`,
      ).body
    expect(filtered('offline').instances).toEqual([])
    expect(filtered('running').instances[0].actual_status).toBe('offline')
    sim.clock.advance(400_000)
    expect(shown(sim, id).actual_status).toBe('running')
    expect(
      sim.vast.bill().lines.map((line) => [line.kind, line.startedAt - start, line.endedAt && line.endedAt - start]),
    ).toEqual([
      ['disk', 0, 60_000],
      ['gpu', 60_000, 60_000],
      ['disk', 360_000, null],
      ['gpu', 360_000, null],
    ])
  })

  test('stops when the contract ends, cannot start again, and is deleted two days later', () => {
    const sim = setUp()
    const id = running(sim)
    sim.vast.controls.special('contract-end', { machine: String(id) })
    expect(shown(sim, id)).toMatchObject({ actual_status: 'exited', duration: 0 })
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' }).status).toBe(400)
    sim.clock.advance(48 * 3_600_000)
    expect(shown(sim, id)).toBeNull()
  })

  test('stops when the money is gone, at the very second', () => {
    const sim = setUp()
    const id = running(sim)
    sim.vast.controls.balance({ usd: 0.01 })
    const { dph_total: perHour } = shown(sim, id)
    sim.clock.advance(24 * 3_600_000)
    expect(shown(sim, id)).toMatchObject({ actual_status: 'exited', intended_status: 'stopped' })
    const gpu = sim.vast.bill().lines.find((line) => line.kind === 'gpu')
    const seconds = ((gpu?.endedAt ?? 0) - start - 60_000) / 1_000
    expect(Math.abs(seconds - (0.01 / perHour) * 3_600)).toBeLessThan(2)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' })).toMatchObject({
      status: 400,
      body: { success: false, error: 'missing_billing' },
    })
    expect(sim.call('PUT', `/api/v0/asks/${anOffer(sim).id}/`, order)).toMatchObject({
      status: 400,
      body: { success: false, error: 'insufficient_credit', msg: 'You lack credit.' },
    })
  })

  test('reboots and recycles in place, still metered', () => {
    const sim = setUp()
    const id = running(sim)
    const { ports } = shown(sim, id)
    for (const verb of ['reboot', 'recycle']) {
      expect(sim.call('PUT', `/api/v0/instances/${verb}/${id}/`, {}).body).toEqual({ success: true })
      expect(shown(sim, id).actual_status).toBe('rebooting')
      sim.clock.advance(10_000)
      expect(shown(sim, id)).toMatchObject({ actual_status: 'running', ports })
    }
    expect(sim.vast.bill().lines).toHaveLength(2)
    expect(sim.call('PUT', '/api/v0/instances/reboot/1/', {}).status).toBe(400)
    sim.vast.controls.special('exit', { machine: String(id) })
    expect(sim.call('PUT', `/api/v0/instances/reboot/${id}/`, {})).toMatchObject({
      status: 200,
      body: { error: 'invalid_id' },
    })
  })

  test('that is asked to go can take its time, and goes only once', () => {
    const sim = setUp()
    const id = running(sim)
    sim.vast.controls.pace({ terminatingMs: 30_000 })
    sim.call('DELETE', `/api/v0/instances/${id}/`, {})
    expect(shown(sim, id)).toMatchObject({ cur_state: 'unloaded', actual_status: 'exited' })
    sim.clock.advance(30_000)
    expect(shown(sim, id)).toBeNull()
    expect(sim.call('DELETE', `/api/v0/instances/${id}/`, {})).toMatchObject({
      status: 404,
      body: { success: false, error: 'no_such_instance', msg: `Instance ${id} not found.` },
    })
    sim.vast.controls.special('destroyed-get', { value: '404' })
    expect(sim.call('GET', `/api/v0/instances/${id}/`).status).toBe(404)
    expect(sim.call('GET', '/api/v0/instances/abc/')).toMatchObject({ status: 400, body: { error: 'invalid_args' } })
  })

  test('takes a label, and refuses a state that does not exist', () => {
    const sim = setUp()
    const id = running(sim)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { label: 'other' }).body).toEqual({ success: true })
    expect(shown(sim, id).label).toBe('other')
    expect(sim.vast.bill().lines.every((line) => line.label === 'other')).toBe(true)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { label: 'x'.repeat(1_025) }).status).toBe(400)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'asleep' })).toMatchObject({
      status: 400,
      body: { msg: 'Invalid target state' },
    })
    expect(sim.call('PUT', '/api/v0/instances/1/', { state: 'stopped' })).toMatchObject({
      status: 404,
      body: { error: 'no_such_instance' },
    })
  })
})

describe('renting', () => {
  test('uses an offer up', () => {
    const sim = setUp()
    const offer = anOffer(sim)
    rented(sim, {}, offer)
    expect(sim.call('PUT', `/api/v0/asks/${offer.id}/`, order)).toMatchObject({
      status: 400,
      body: {
        success: false,
        error: 'invalid_args',
        ask_id: offer.id,
        msg: `error 404/3603: no_such_ask Instance type by id ${offer.id} is not available.`,
      },
    })
    expect(sim.call('POST', '/api/v0/bundles/', { ask_contract_id: { eq: offer.id } }).body.offers).toEqual([])
  })

  test.each([
    ['gone', 400, 'invalid_args', '404/3603'],
    ['gone_named', 400, 'no_such_ask', '404/3603'],
    ['gone_404', 404, 'invalid_args', '404/3603'],
    ['raced', 404, 'no_such_ask', '404/3659'],
    ['unavailable', 410, 'no_such_ask', '410/3907'],
  ])('is sold out as %s while the offers stay listed', (how, status, error, tag) => {
    const sim = setUp()
    const offer = anOffer(sim)
    sim.vast.controls.sellOut({ count: 2, matching: offer.gpu_name.toLowerCase(), how })
    for (let nth = 0; nth < 2; nth += 1) {
      const refused = sim.call('PUT', `/api/v0/asks/${offer.id}/`, order)
      expect(refused).toMatchObject({ status, body: { success: false, error, ask_id: offer.id } })
      expect(refused.body.msg).toContain(`error ${tag}: no_such_ask`)
    }
    expect(anOffer(sim).id).toBe(offer.id)
    expect(rented(sim, {}, offer)).toBeGreaterThan(0)
  })

  test('without cancel_unavail makes a stopped machine that waits and bills its disk', () => {
    const sim = setUp()
    sim.vast.controls.sellOut({ how: 'unavailable' })
    const made = sim.call('PUT', `/api/v0/asks/${anOffer(sim).id}/`, { ...order, cancel_unavail: false }).body
    expect(made).toMatchObject({ success: false, new_contract: expect.any(Number) })
    expect(shown(sim, made.new_contract)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'running',
      cur_state: 'stopped',
    })
    expect(sim.vast.bill().lines.map((line) => line.kind)).toEqual(['disk'])
    sim.clock.advance(7_200_000)
    expect(shown(sim, made.new_contract).actual_status).toBe('running')
  })

  test('refuses what the documents refuse', () => {
    const sim = setUp()
    const { id } = anOffer(sim)
    const refusal = (more: unknown, ask: number | string = id) => sim.call('PUT', `/api/v0/asks/${ask}/`, more)
    expect(refusal(order, 'abc').body.msg).toBe(
      "error 400/3467: Invalid args: 'id' is required and must be a valid offer ID",
    )
    expect(refusal(order, 5).body.msg).toContain('no_such_ask')
    expect(refusal({ ...order, price: 129 })).toMatchObject({ status: 400, body: { error: 'invalid_price' } })
    expect(refusal({ ...order, use_ssh: true })).toMatchObject({
      status: 400,
      body: { msg: 'runtype and use_ssh cannot both be set' },
    })
    expect(refusal({ ...order, target_reliability: 0.99 })).toMatchObject({
      status: 400,
      body: { error: 'invalid_sla_params' },
    })
    expect(refusal({ ...order, vm: true })).toMatchObject({ status: 400, body: { error: 'no_ssh_key_for_vm' } })
    expect(refusal({ disk: 20 })).toMatchObject({ status: 400, body: { error: 'invalid_args' } })
    expect(refusal({ ...order, onstart: 'x'.repeat(4_097) }).status).toBe(400)
    for (const [how, status] of [
      ['own_machines', 400],
      ['sla_disabled', 403],
      ['missing_billing', 400],
      ['spend_rate_limit', 400],
      ['server_error', 500],
    ] as const) {
      sim.vast.controls.special('refuse-create', { how })
      expect(refusal(order).status).toBe(status)
    }
    expect(sim.vast.machines()).toEqual([])
  })

  test('raises a small disk to 8 GB without a word', () => {
    const sim = setUp()
    expect(shown(sim, rented(sim, { disk: 1 })).disk_space).toBe(8)
  })

  test('in bulk answers each offer', () => {
    const sim = setUp()
    const ids = sim.call('POST', '/api/v0/bundles/', cheapest).body.offers.map((offer: { id: number }) => offer.id)
    const bulk = sim.call('POST', '/api/v0/asks/bulk/', { ...order, disk: 8, ids: [ids[0], ids[0]] })
    expect(bulk.status).toBe(200)
    expect(bulk.body.results[0]).toMatchObject({ ask_id: ids[0], success: true, state: 'running' })
    expect(bulk.body.results[1]).toMatchObject({ ask_id: ids[0], success: false, error: 'invalid_args' })
    expect(bulk.body.failed).toEqual([ids[0]])
    expect(sim.call('POST', '/api/v0/asks/bulk/', { ...order, ids: [1] }).status).toBe(400)
  })

  test('happens although the reply is lost, and the label finds the machine', () => {
    const sim = setUp()
    const simulator = controlled(sim.vast, sim.clock)
    const offer = anOffer(sim)
    simulator.faults.add({ kind: 'lose_reply', method: 'PUT', path: '/asks/', times: 1 })
    sim.vast.controls.listLag({ ms: 20_000 })
    expect(simulator.handle(request('PUT', `/api/v0/asks/${offer.id}/`, { ...order, label: 'gp-lost' })).dropped).toBe(
      true,
    )
    const filter = encodeURIComponent(JSON.stringify({ label: { eq: 'gp-lost' } }))
    const list = () => sim.call('GET', `/api/v1/instances/?select_filters=${filter}`).body
    expect(list()).toMatchObject({ instances_found: 0, total_instances: 0, instances: [] })
    sim.clock.advance(20_000)
    expect(list().instances).toHaveLength(1)
    expect(simulator.handle(request('PUT', `/api/v0/asks/${offer.id}/`, order)).status).toBe(400)
  })

  test('costs what a hidden change of price says, and the machine shows it', () => {
    const sim = setUp()
    const offer = anOffer(sim)
    sim.vast.controls.changePrice({ factor: 3, listed: false })
    expect(anOffer(sim).dph_base).toBe(offer.dph_base)
    expect(shown(sim, rented(sim, {}, offer)).dph_base).toBeCloseTo(offer.dph_base * 3, 6)
    sim.vast.controls.changePrice({ factor: 2, matching: 'RTX 4090' })
    const query = { gpu_name: { eq: 'RTX 4090' } }
    const again = setUp()
    expect(anOffer(sim, query).dph_base).toBeCloseTo(anOffer(again, query).dph_base * 2, 6)
  })
})

describe('bids', () => {
  const bidOffer = (sim: Setup) => anOffer(sim, { type: 'bid', num_gpus: { eq: 1 } })

  test('win, pause when outbid, and go on when they win again under new ports', () => {
    const sim = setUp()
    const offer = bidOffer(sim)
    const id = running(sim, { price: offer.min_bid }, offer)
    const first = shown(sim, id)
    expect(first).toMatchObject({ is_bid: true, dph_base: offer.min_bid })
    sim.vast.controls.interrupt({ machine: String(id) })
    const paused = shown(sim, id)
    expect(paused).toMatchObject({
      actual_status: 'exited',
      intended_status: 'stopped',
      cur_state: 'stopped',
      next_state: 'stopped',
      ports: null,
    })
    expect(paused.min_bid).toBeGreaterThan(paused.dph_base)
    expect(sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' }).body.error).toBe('resources_unavailable')
    sim.clock.advance(600_000)
    sim.vast.controls.special('bid-wins', { machine: String(id) })
    sim.clock.advance(10_000)
    const again = shown(sim, id)
    expect(again.actual_status).toBe('running')
    expect(again.ports).not.toEqual(first.ports)
    expect(sim.vast.bill().lines.filter((line) => line.kind === 'gpu')).toHaveLength(2)
  })

  test('too low make a stopped machine that bills, in either disguise', () => {
    const sim = setUp()
    const offer = bidOffer(sim)
    const low = { ...order, price: offer.min_bid / 2 }
    const made = sim.call('PUT', `/api/v0/asks/${offer.id}/`, low)
    expect(made).toMatchObject({ status: 200, body: { success: false, new_contract: expect.any(Number) } })
    expect(shown(sim, made.body.new_contract)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'stopped',
      is_bid: true,
    })
    expect(sim.vast.machines()[0]?.billing).toBe(true)
    sim.vast.controls.special('low-bid', { value: '400' })
    const refused = sim.call('PUT', `/api/v0/asks/${bidOffer(sim).id}/`, { ...order, price: 0.001 })
    expect(refused).toMatchObject({ status: 400, body: { success: false, new_contract: expect.any(Number) } })
    expect(
      sim.call('PUT', `/api/v0/asks/${bidOffer(sim).id}/`, { ...order, price: 0.001, cancel_unavail: true }).status,
    ).toBe(410)
  })

  test('can be raised, and the meter follows', () => {
    const sim = setUp()
    const offer = bidOffer(sim)
    const id = running(sim, { price: offer.min_bid }, offer)
    const bid = (price: unknown, of = id) =>
      sim.call('PUT', `/api/v0/instances/bid_price/${of}/`, { client_id: 'me', price })
    expect(bid(0)).toMatchObject({ status: 400, body: { msg: 'Please set a bid price >= 0.001.' } })
    expect(bid(1, 1).status).toBe(404)
    expect(bid(offer.min_bid * 2).body).toEqual({ success: true })
    sim.clock.advance(1_000)
    expect(
      sim.vast
        .bill()
        .lines.filter((line) => line.kind === 'gpu')
        .map((line) => line.ratePerHour),
    ).toEqual([nanosFromUsd(offer.min_bid).toString(), nanosFromUsd(offer.min_bid * 2).toString()])
    const plain = running(sim, {}, anOffer(sim))
    expect(bid(1, plain)).toMatchObject({ status: 400, body: { msg: "Can't change price of on-demand contract." } })
  })

  test('are overtaken by the market itself, at the moment it moves', () => {
    const sim = setUp({ calm: false })
    sim.vast.controls.special('mishaps', { value: false })
    sim.vast.controls.pace({ loadingMs: 1_000 })
    const offer = anOffer(sim, { type: 'bid', num_gpus: { eq: 1 } })
    const id = rented(sim, { price: offer.min_bid }, offer)
    sim.clock.advance(60_000)
    sim.vast.controls.changePrice({ factor: 1.5, matching: String(offer.machine_id) })
    expect(shown(sim, id)).toMatchObject({ actual_status: 'exited', intended_status: 'stopped' })
  })
})

describe('lists', () => {
  function fleet(sim: Setup, count: number): number[] {
    return Array.from({ length: count }, (_, nth) => rented(sim, { label: nth % 2 ? 'odd' : null, disk: 8 }))
  }

  test('come in pages of 25 with a token', () => {
    const sim = setUp()
    const ids = fleet(sim, 27)
    const first = sim.call('GET', '/api/v1/instances/?limit=100').body
    expect(Object.keys(first)).toEqual([
      'success',
      'instances_found',
      'total_instances',
      'label_counts',
      'next_token',
      'instances',
    ])
    expect(first).toMatchObject({
      success: true,
      instances_found: 25,
      total_instances: 27,
      label_counts: { '': 14, odd: 13 },
    })
    expect(Buffer.from(first.next_token, 'base64').toString()).toBe(`{"values": {"id": ${ids[24]}}}`)
    const second = sim.call('GET', `/api/v1/instances?after_token=${encodeURIComponent(first.next_token)}`).body
    expect(second).toMatchObject({ instances_found: 2, total_instances: 27, next_token: null })
    const seen = [...first.instances, ...second.instances].map((row: { id: number }) => row.id)
    expect(seen).toEqual(ids)
    expect(sim.call('GET', '/api/v1/instances/?limit=0').body.instances).toHaveLength(5)
    expect(sim.call('GET', '/api/v0/instances/count/').body).toEqual({ count: 27 })
    const sorted = sim.call(
      'GET',
      '/api/v1/instances/?order_by=[{"col":"label","dir":"desc"},{"col":"id","dir":"desc"}]&select_cols=["id","nothing"]',
    ).body
    expect(sorted.instances[0]).toEqual({ id: ids[25], nothing: null })
  })

  test('refuse computed columns, unknown operators and broken tokens', () => {
    const sim = setUp()
    const refusal = (query: string) => sim.call('GET', `/api/v1/instances/?${query}`)
    expect(refusal('select_filters={"dph_total":{"lt":1}}')).toMatchObject({
      status: 400,
      body: { error: 'invalid_request', msg: 'Error in query parameters: dph_total is not a valid search key' },
    })
    expect(refusal('select_filters={"id":{"like":1}}').body.msg).toBe('like is not a valid search op')
    expect(refusal('order_by=[{"col":"num_gpus"}]').status).toBe(400)
    expect(refusal('after_token=x')).toMatchObject({
      status: 400,
      body: { error: 'invalid_token', msg: 'Invalid pagination token' },
    })
  })

  test('of version 0 are gone for new accounts', () => {
    const sim = setUp()
    expect(sim.call('GET', '/api/v0/instances/')).toMatchObject({
      status: 410,
      body: { success: false, error: 'deprecated_endpoint' },
    })
    sim.vast.controls.special('v0-list', { value: '200' })
    expect(sim.call('GET', '/api/v0/instances/').body.instances).toEqual([])
  })

  test('hold machines of others', () => {
    const sim = setUp()
    const { machine } = sim.vast.controls.foreignMachine({ label: null })
    expect(sim.call('GET', '/api/v1/instances/').body.instances[0]).toMatchObject({
      id: Number(machine),
      label: null,
      actual_status: 'running',
    })
  })

  test('change and destroy in bulk', () => {
    const sim = setUp()
    const ids = fleet(sim, 3)
    expect(sim.call('DELETE', '/api/v0/instances/', { instance_ids: [1] })).toMatchObject({
      status: 404,
      body: { error: 'instances_not_found' },
    })
    expect(sim.call('PUT', '/api/v0/instances/', { ids, state: 'stopped' }).body).toEqual({ success: true })
    expect(sim.call('POST', '/api/v0/instances/start', { IDs: ids }).body).toEqual({ success: true })
    expect(sim.call('DELETE', '/api/v0/instances/', { instance_ids: ids }).body).toEqual({ success: true })
    expect(sim.call('GET', '/api/v0/instances/count/').body).toEqual({ count: 0 })
  })
})

describe('rate limits', () => {
  test('are a least interval per endpoint and method, each in its own words', () => {
    const sim = setUp({ limits: true })
    const twice = (method: string, path: string, body?: unknown) => {
      sim.call(method, path, body)
      return sim.call(method, path, body)
    }
    expect(twice('GET', '/api/v1/instances/')).toMatchObject({
      status: 429,
      body: { detail: 'API requests too frequent endpoint threshold=1.0' },
    })
    const create = twice('PUT', '/api/v0/asks/5/', order)
    expect(create).toMatchObject({ status: 429, body: 'API requests too frequent: endpoint threshold=4.5' })
    expect(create.headers['content-type']).toBe('text/plain')
    expect(twice('DELETE', '/api/v0/instances/5/')).toMatchObject({
      status: 429,
      body: { success: false, error: 'rate_limit_exceeded', msg: 'API requests too frequent endpoint threshold=3.0' },
    })
    // One limit for all ids, none of it shared with another method.
    expect(sim.call('DELETE', '/api/v0/instances/6/').status).toBe(429)
    expect(sim.call('GET', '/api/v0/instances/6/').status).toBe(200)
    sim.clock.advance(1_000)
    expect(sim.call('GET', '/api/v1/instances/').status).toBe(200)
    expect(sim.call('PUT', '/api/v0/asks/5/', order).status).toBe(429)
    sim.clock.advance(3_500)
    expect(sim.call('PUT', '/api/v0/asks/5/', order).status).toBe(400)
  })

  test('let a few searches through at once, and keep wall time whatever the speed', () => {
    const sim = setUp({ limits: true, clock: turnableClock(start, { speed: 60 }) })
    const statuses = Array.from({ length: 5 }, () => sim.call('POST', '/api/v0/bundles/', cheapest).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429])
    sim.clock.advance(1_999)
    expect(sim.call('POST', '/api/v0/bundles/', cheapest).status).toBe(429)
    sim.clock.advance(1)
    expect(sim.call('POST', '/api/v0/bundles/', cheapest).status).toBe(200)
  })

  test('take another shape on order', () => {
    const sim = setUp({ limits: true })
    sim.vast.controls.special('rate-limit-shape', { value: 'message' })
    sim.vast.controls.special('retry-after', { value: true })
    sim.call('GET', '/api/v0/users/current/')
    const refused = sim.call('GET', '/api/v0/users/current/')
    expect(refused.body).toMatchObject({ code: '429 Too Many Requests' })
    expect(refused.headers['retry-after']).toBe('2')
  })
})

describe('the account', () => {
  test('shows its credit and who it is', () => {
    const sim = setUp()
    sim.vast.controls.balance({ usd: 84.112 })
    const user = sim.call('GET', '/api/v0/users/current/').body
    const documented =
      'id username email balance credit key_id ssh_key sid can_pay has_billing email_verified host_only has_payout api_key'
    expect(Object.keys(user)).toEqual(documented.split(' '))
    expect(user).toMatchObject({ balance: 0, credit: 84.112 })
  })

  test('is charged from the meters of the bill', () => {
    const sim = setUp()
    const id = running(sim)
    sim.clock.advance(3_600_000)
    sim.vast.controls.special('traffic', { machine: String(id), downGb: 1_000 })
    const query = (filters: unknown) =>
      `/api/v0/charges/?format=table&select_filters=${encodeURIComponent(JSON.stringify(filters))}`
    const day = { gte: start / 1_000, lte: start / 1_000 + 86_400 }
    const answer = sim.call('GET', query({ day, type: { in: ['instance'] } })).body
    expect(Object.keys(answer)).toEqual(['success', 'count', 'total', 'next_token', 'results'])
    const [row] = answer.results
    expect(Object.keys(row)).toEqual(['start', 'end', 'type', 'source', 'description', 'amount', 'metadata', 'items'])
    expect(row).toMatchObject({
      start: start / 1_000,
      end: start / 1_000 + 3_660,
      source: `instance-${id}`,
      metadata: { label: 'gp-1' },
    })
    expect(row.amount).toBeCloseTo(Number(sim.vast.bill().total) / 1e9, 2)
    expect(row.items.map((item: { type: string }) => item.type)).toEqual(['disk', 'gpu', 'bwd'])
    expect(row.items[1].description).toMatch(/^1\.000 hours at \$\d+\.\d{3}\/hour$/)
    expect(sim.call('GET', query({}))).toMatchObject({ status: 400, body: { success: false } })
    expect(sim.call('GET', query({ day, type: { in: ['volume'] } })).body.results).toEqual([])
  })

  test('lists payments, and a missing range is 200 with success false', () => {
    const sim = setUp()
    expect(sim.call('GET', '/api/v1/invoices/')).toMatchObject({
      status: 200,
      body: { success: false, error: 'Invalid date range' },
    })
    const filter = encodeURIComponent(JSON.stringify({ when: { gte: 0, lte: 4e9 } }))
    expect(sim.call('GET', `/api/v1/invoices/?select_filters=${filter}`).body.results[0].amount).toBe(-10_000)
  })

  test('keeps ssh keys: `key` in the list, `public_key` in the create answer', () => {
    const sim = setUp()
    expect(sim.call('GET', '/api/v0/ssh/').body).toEqual([])
    const made = sim.call('POST', '/api/v0/ssh/', { ssh_key: 'ssh-ed25519 A' }).body
    expect(Object.keys(made.key)).toEqual(['id', 'user_id', 'public_key', 'created_at', 'deleted_at'])
    expect(sim.call('GET', '/api/v0/ssh/').body[0]).toMatchObject({ key: 'ssh-ed25519 A' })
    expect(sim.call('POST', '/api/v0/ssh/', {}).body.error).toBe('no_ssh_key')
    expect(sim.call('DELETE', `/api/v0/ssh/${made.key.id}/`).body).toEqual({ success: true })
    expect(sim.call('DELETE', `/api/v0/ssh/${made.key.id}/`).status).toBe(400)
    const id = running(sim)
    sim.call('POST', `/api/v0/instances/${id}/ssh/`, { ssh_key: 'ssh-ed25519 B' })
    const attached = JSON.parse(sim.call('GET', `/api/v0/instances/${id}/ssh/`).body.ssh_keys)
    expect(attached).toMatchObject([{ public_key: 'ssh-ed25519 B' }])
    expect(sim.call('DELETE', `/api/v0/instances/${id}/ssh/${attached[0].id}/`).status).toBe(200)
  })

  test('gets logs from an address that is missing twice', () => {
    const sim = setUp()
    const id = running(sim)
    const asked = sim.call('PUT', `/api/v0/instances/request_logs/${id}/`, { tail: '1000' }).body
    expect(Object.keys(asked)).toEqual(['success', 'msg', 'result_url'])
    expect(asked.result_url).toMatch(/^https:\/\/s3\.amazonaws\.com\/vast\.ai\/instance_logs\/[0-9a-f]+\.log$/)
    const { pathname } = new URL(asked.result_url)
    const statuses = Array.from({ length: 3 }, () => sim.call('GET', pathname, undefined, null).status)
    expect(statuses).toEqual([404, 404, 200])
    expect(sim.call('PUT', '/api/v0/instances/request_logs/1/', {})).toMatchObject({
      status: 404,
      body: { error: 'invalid_id' },
    })
    expect(sim.call('PUT', `/api/v0/instances/command/${id}/`, '{').status).toBe(483)
    expect(sim.call('PUT', `/api/v0/instances/command/${id}/`, { command: 'ls -l' }).body.writeable_path).toBe(
      '/workspace',
    )
  })

  test('accepts or rejects a price increase', () => {
    const sim = setUp()
    const id = running(sim)
    const { dph_base: before } = shown(sim, id)
    sim.vast.controls.special('price-increase', { machine: id, factor: 2 })
    const list = sim.call('GET', '/api/v0/instances/pending-price-increases/').body
    expect(list).toMatchObject({ success: true, count: 1, truncated: false })
    const [rise] = list.pending_price_increases
    expect(rise.new_gpu_costpersec).toBeCloseTo((before * 2) / 3_600, 12)
    const answer = { pending_price_increase_id: rise.pending_price_increase_id }
    expect(sim.call('PUT', '/api/v0/instances/accept-price-increase/', answer).body).toEqual({ success: true })
    expect(shown(sim, id).dph_base).toBeCloseTo(before * 2, 9)
    expect(sim.call('PUT', '/api/v0/instances/reject-price-increase/', answer)).toMatchObject({
      status: 404,
      body: { error: 'no_pending_price_increase' },
    })
  })
})

describe('the same again', () => {
  function story(sim: Setup): string {
    const told: unknown[] = []
    for (let hour = 0; hour < 30; hour += 1) {
      const offer = anOffer(sim, hour % 3 === 0 ? { type: 'bid' } : {})
      told.push(
        sim.call('PUT', `/api/v0/asks/${offer.id}/`, {
          ...order,
          disk: 8,
          ...(hour % 3 === 0 ? { price: offer.min_bid } : {}),
        }).body,
      )
      sim.clock.advance(3_600_000)
      told.push(sim.call('GET', '/api/v1/instances/').body)
    }
    return JSON.stringify([told, sim.vast.bill()])
  }

  test('same seed and same requests give the same answers, another seed others', () => {
    const first = story(setUp({ calm: false }))
    expect(story(setUp({ calm: false }))).toBe(first)
    expect(story(setUp({ calm: false, seed: 8 }))).not.toBe(first)
  })

  test('a snapshot in the middle goes on as if nothing had happened', () => {
    const sim = setUp({ calm: false })
    story(sim)
    const saved = JSON.parse(JSON.stringify(sim.vast.snapshot()))
    const clock = turnableClock(sim.clock.now())
    const restored = setUp({ calm: false, restored: saved, clock })
    expect(story(restored)).toBe(story(sim))
  })

  test('how often somebody looks changes nothing', () => {
    const seldom = setUp({ calm: false })
    const often = setUp({ calm: false })
    for (const sim of [seldom, often]) {
      for (let nth = 0; nth < 12; nth += 1) {
        const offer = anOffer(sim, { type: 'bid' })
        sim.call('PUT', `/api/v0/asks/${offer.id}/`, { ...order, disk: 8, price: offer.min_bid })
      }
    }
    seldom.clock.advance(86_400_000)
    for (let nth = 0; nth < 8_640; nth += 1) {
      often.clock.advance(10_000)
      often.vast.machines()
    }
    expect(often.vast.bill()).toEqual(seldom.vast.bill())
    expect(often.call('GET', '/api/v1/instances/').body).toEqual(seldom.call('GET', '/api/v1/instances/').body)
  })

  test('a faster market loads faster and bills by the wall clock', () => {
    const sim = setUp({ clock: turnableClock(start, { speed: 60 }) })
    const id = rented(sim)
    sim.clock.advance(30_000)
    expect(shown(sim, id).actual_status).toBe('running')
    const [disk] = sim.vast.bill().lines
    expect(disk?.amount).toBe(
      meterAmount(
        { startedAt: 0, endedAt: 30_000, ratePerHour: disk?.ratePerHour ?? '0', stepMs: 1_000 },
        0,
      ).toString(),
    )
  })
})

describe('whatever is asked', () => {
  test.each([1, 2, 3, 4])('GPUs, meters and states agree (seed %i)', (seed) => {
    const random = seededRandom(seed)
    const sim = setUp({ seed, calm: false, offers: 100 })
    for (let nth = 0; nth < 250; nth += 1) {
      const { live } = sim.vast.snapshot() as VastState
      const id = live.length > 0 ? random.pick(live) : 1
      const act = random.int(0, 7)
      if (act < 3 && live.length < 20) {
        const [offer] = sim.call('POST', '/api/v0/bundles/', {
          type: 'bid',
          verified: {},
          order: [['machine_id', 'asc']],
        }).body.offers
        const price = random.pick([null, offer.min_bid, offer.min_bid / 2])
        sim.call('PUT', `/api/v0/asks/${offer.id}/`, {
          ...order,
          disk: 8,
          ...(price === null ? {} : { price: Math.max(0.001, price) }),
        })
      } else if (act === 3) sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'stopped' })
      else if (act === 4) sim.call('PUT', `/api/v0/instances/${id}/`, { state: 'running' })
      else if (act === 5) sim.call('DELETE', `/api/v0/instances/${id}/`)
      else if (act === 6 && live.length > 0) sim.vast.controls.interrupt({ machine: String(id) })
      else if (live.length > 0)
        sim.vast.controls.special(random.pick(['bid-wins', 'online', 'gpus-taken']), { machine: id })
      sim.clock.advance(random.int(0, random.pick([5_000, 600_000, 7_200_000])))

      const { machines, market } = sim.vast.snapshot() as VastState
      const held: Record<string, number> = {}
      for (const machine of Object.values(machines)) {
        if (machine.holdsGpus) held[machine.listing] = (held[machine.listing] ?? 0) + machine.gpus
        const there = machine.destroyedAt === null && !machine.offline
        expect(machine.gpuMeter !== null).toBe(there && ['running', 'rebooting'].includes(machine.actual ?? ''))
        expect(machine.diskMeter !== null).toBe(there)
        if (machine.gpuMeter !== null) expect(machine.holdsGpus).toBe(true)
      }
      expect(market.ours).toEqual(held)
      expect(Math.min(...market.taken)).toBeGreaterThanOrEqual(0)
    }
  })
})

describe('a recorded market', () => {
  const source = setUp({ offers: 200 })
  const recording = source.call('POST', '/api/v0/bundles/', { order: [['dph_total', 'asc']] }).body.offers

  test('is read from a search answer, a snapshot by GPU, or a list', () => {
    expect(recordedOffersFrom({ offers: recording })).toHaveLength(64)
    expect(
      recordedOffersFrom({ timestamp_utc: 'x', offers_by_gpu: { a: recording.slice(0, 3), b: recording.slice(3, 5) } }),
    ).toHaveLength(5)
    expect(recordedOffersFrom(recording)).toHaveLength(64)
    expect(recordedOffersFrom(null)).toEqual([])
  })

  test('replaces the generated one and can be rented', () => {
    const sim = setUp({ recordedOffers: recordedOffersFrom({ offers: recording }) })
    const { offers } = sim.call('POST', '/api/v0/bundles/', { order: [['dph_total', 'asc']] }).body
    const price = ({ id, dph_base, dph_total, gpu_name }: Record<string, unknown>) => ({
      id,
      dph_base,
      dph_total,
      gpu_name,
    })
    expect(offers.map(price)).toEqual(recording.map(price))
    const id = running(sim, {}, anOffer(sim))
    expect(shown(sim, id).actual_status).toBe('running')
  })
})

describe('volumes', () => {
  const search = (sim: Setup, more: Record<string, unknown> = {}) =>
    sim.call('POST', '/api/v0/volumes/search/', { disk_space: { gte: 100 }, ...more }).body.offers
  const list = (sim: Setup) => sim.call('GET', '/api/v0/volumes/?owner=me&type=all_volume').body.volumes

  test('are found, rented, listed, billed by the second, charged as volumes, and deleted', () => {
    const sim = setUp()
    const offer = search(sim, { limit: 3 })[0]
    expect(Object.keys(offer)).toContain('ask_contract_id')
    const made = sim.call('PUT', '/api/v0/volumes/', { id: offer.id, size: 100, name: 'data_1' })
    expect(made.body).toEqual({ success: true, volume_name: expect.stringMatching(/^V\.\d+$/) })
    const [volume] = list(sim)
    expect(volume).toMatchObject({ label: 'data_1', status: 'created', instances: [], machine_id: offer.machine_id })
    expect(made.body.volume_name).toBe(`V.${volume.id}`)
    expect(search(sim, { machine_id: { eq: offer.machine_id } })[0]?.disk_space ?? 0).toBe(offer.disk_space - 100)

    sim.clock.advance(7_200_000)
    const rate = nanosFromUsd(volume.storage_total_cost)
    const [line] = sim.vast.bill().lines
    expect(line).toMatchObject({ machineId: String(volume.id), kind: 'disk', thing: 'volume', endedAt: null })
    expect(line?.amount).toBe(String(rate * 2n))
    const user = sim.call('GET', '/api/v0/users/current/').body
    expect(nanosFromUsd(user.credit)).toBe(10_000_000_000_000n - rate * 2n)

    expect(sim.call('DELETE', `/api/v0/volumes/?id=${volume.id}`).body).toEqual({ success: true })
    sim.clock.advance(3_600_000)
    expect(list(sim)).toEqual([])
    expect(sim.vast.bill().total).toBe(String(rate * 2n))
    expect(sim.call('DELETE', '/api/v0/volumes/', { id: volume.id })).toMatchObject({
      status: 404,
      body: { success: false, error: 'no_such_volume' },
    })

    const range = { gte: start / 1_000 - 60, lte: start / 1_000 + 86_400 }
    const charges = (filters: object) =>
      sim.call('GET', `/api/v0/charges/?select_filters=${JSON.stringify({ day: range, ...filters })}`).body.results
    expect(charges({ type: { in: ['volume'] } })).toMatchObject([
      {
        type: 'volume',
        source: `volume-${volume.id}`,
        start: start / 1_000,
        end: start / 1_000 + 7_200,
        amount: Math.round(Number(rate * 2n) / 1e6) / 1e3,
        metadata: { label: 'data_1' },
        items: [{ type: 'disk', description: '100 GB' }],
      },
    ])
    expect(charges({ type: { in: ['instance'] } })).toEqual([])
    expect(charges({})).toHaveLength(1)
  })

  test('outlive their machine, and are released half a minute after its end', () => {
    const sim = setUp()
    const offer = anOffer(sim, { disk_space: { gte: 200 } })
    const volumes = offer.avail_vol_ask_id === null ? 0 : offer.avail_vol_ask_id
    expect(volumes).not.toBe(0)
    const info = { create_new: true, volume_id: volumes, size: 40, mount_path: '/data' }
    const id = rented(sim, { volume_info: info }, offer)
    const [volume] = list(sim)
    expect(volume).toMatchObject({ status: 'in-use', instances: [id], disk_space: 40 })
    expect(sim.call('GET', '/api/v1/instances/').body.instances[0].volume_info).toEqual([
      { volume_id: volume.id, mount_path: '/data' },
    ])
    expect(sim.call('DELETE', '/api/v0/volumes/', { id: volume.id }).status).toBe(400)
    sim.call('DELETE', `/api/v0/instances/${id}/`)
    sim.clock.advance(29_000)
    expect(sim.call('DELETE', '/api/v0/volumes/', { id: volume.id }).status).toBe(400)
    sim.clock.advance(1_000)
    expect(list(sim)[0]).toMatchObject({ status: 'created', instances: [] })
    const open = sim.vast.bill().lines.filter((line) => line.endedAt === null)
    expect(open).toMatchObject([{ machineId: String(volume.id), thing: 'volume' }])
    expect(sim.vast.machines()).toMatchObject([{ billing: false }])
    expect(sim.vast.things()).toMatchObject([{ id: String(volume.id), attachedTo: null, billing: true }])
  })

  test('mount only where they lie', () => {
    const sim = setUp()
    sim.vast.controls.special('foreign-thing', { kind: 'volume', name: 'elsewhere' })
    const [volume] = list(sim)
    const away = anOffer(sim, { machine_id: { neq: volume.machine_id } })
    const wish = { ...order, volume_info: { create_new: false, volume_id: volume.id, mount_path: '/data' } }
    const answer = sim.call('PUT', `/api/v0/asks/${away.id}/`, wish)
    expect(answer).toMatchObject({ status: 400, body: { error: 'invalid_args' } })
    expect(sim.vast.machines()).toEqual([])
    const home = anOffer(sim, { machine_id: { eq: volume.machine_id }, dph_total: {}, direct_port_count: {} })
    const id = rented(sim, { env: { [`-v V.${volume.id}:/mnt`]: '1' }, disk: 8 }, home)
    expect(list(sim)[0].instances).toEqual([id])
  })

  test('refuse a wrong size, a wrong name and a wrong id', () => {
    const sim = setUp()
    const offer = search(sim)[0]
    const put = (body: unknown) => sim.call('PUT', '/api/v0/volumes/', body)
    expect(put({ id: offer.id, size: offer.disk_space + 1 })).toMatchObject({ status: 400 })
    expect(put({ id: offer.id, name: 'gf-with-hyphens' })).toMatchObject({
      status: 422,
      body: { error: 'invalid_args' },
    })
    expect(put({ id: 1 })).toMatchObject({ status: 404, body: { error: 'no_such_ask' } })
    expect(sim.call('DELETE', '/api/v0/volumes/', {})).toMatchObject({ status: 400, body: { error: 'invalid_args' } })
    expect(sim.call('GET', '/api/v0/volumes/?owner=me&type=network_volume').body.volumes).toEqual([])
    expect(sim.vast.things()).toEqual([])
  })
})

describe('the market against a bid', () => {
  const bidOffer = (sim: Setup) => anOffer(sim, { type: 'bid', num_gpus: { eq: 1 } })

  test('outbids by a factor, and a higher bid brings the machine back', () => {
    const sim = setUp()
    const offer = bidOffer(sim)
    const id = running(sim, { price: offer.min_bid }, offer)
    sim.vast.controls.special('outbid', { machine: String(id), factor: 1.5 })
    const paused = shown(sim, id)
    expect(paused).toMatchObject({ actual_status: 'exited', intended_status: 'stopped' })
    expect(paused.min_bid).toBeCloseTo(offer.min_bid * 1.5, 6)
    const bid = (price: number) => sim.call('PUT', `/api/v0/instances/bid_price/${id}/`, { client_id: 'me', price })
    expect(bid(offer.min_bid * 1.4).body).toEqual({ success: true })
    expect(shown(sim, id).actual_status).toBe('exited')
    expect(bid(offer.min_bid * 1.6).body).toEqual({ success: true })
    expect(shown(sim, id)).toMatchObject({ intended_status: 'running', actual_status: 'loading' })
    sim.clock.advance(10_000)
    expect(shown(sim, id).actual_status).toBe('running')
  })

  test('outbids a machine that is still loading, which then never bills a GPU', () => {
    const sim = setUp()
    const offer = bidOffer(sim)
    sim.vast.controls.pace({ loadingMs: 60_000 })
    const id = rented(sim, { price: offer.min_bid }, offer)
    sim.clock.advance(30_000)
    expect(shown(sim, id).actual_status).toBe('loading')
    sim.vast.controls.special('outbid-shape', { value: 'exited' })
    sim.vast.controls.interrupt({ machine: String(id) })
    expect(shown(sim, id)).toMatchObject({
      actual_status: 'exited',
      intended_status: 'running',
      cur_state: 'stopped',
      next_state: 'running',
    })
    sim.clock.advance(3_600_000)
    expect(sim.vast.bill().lines.map((line) => line.kind)).toEqual(['disk'])
    sim.vast.controls.special('bid-wins', { machine: String(id) })
    sim.clock.advance(60_000)
    expect(shown(sim, id).actual_status).toBe('running')
  })

  test('cannot outbid what is no bid', () => {
    const sim = setUp()
    const id = running(sim)
    expect(() => sim.vast.controls.special('outbid', { machine: String(id) })).toThrow('is not a bid')
  })
})

describe('what an idle policy and a pager look at', () => {
  test('the GPU is busy while it runs, unless it is told otherwise', () => {
    const sim = setUp()
    const id = running(sim)
    const seen = Array.from({ length: 10 }, () => {
      sim.clock.advance(60_000)
      return shown(sim, id).gpu_util
    })
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(70)
    expect(Math.max(...seen)).toBeLessThanOrEqual(100)
    expect(new Set(seen).size).toBeGreaterThan(1)
    sim.vast.controls.special('utilisation', { machine: String(id), percent: 0 })
    expect(shown(sim, id).gpu_util).toBe(0)
    sim.vast.controls.special('utilisation', { machine: String(id), percent: null })
    expect(shown(sim, id).gpu_util).toBe(seen.at(-1))
  })

  test('a short page of the list, of charges and of invoices is not the last one', () => {
    const sim = setUp()
    const ids = [rented(sim), rented(sim), rented(sim)].sort((one, other) => one - other)
    sim.vast.controls.special('page-size', { n: 2 })
    const first = sim.call('GET', '/api/v1/instances/?limit=25').body
    expect(first).toMatchObject({ instances_found: 2, total_instances: 3 })
    const rest = sim.call('GET', `/api/v1/instances/?limit=25&after_token=${first.next_token}`).body
    expect([...first.instances, ...rest.instances].map(({ id }: { id: number }) => id)).toEqual(ids)
    expect(rest.next_token).toBeNull()
    sim.clock.advance(60_000)
    const day = JSON.stringify({ day: { gte: 0, lte: 4e9 } })
    const charges = sim.call('GET', `/api/v0/charges/?limit=500&select_filters=${day}`).body
    expect(charges).toMatchObject({ count: 2, total: 3, next_token: expect.any(String) })
    sim.vast.controls.special('page-size', { n: null })
    expect(sim.call('GET', '/api/v1/instances/').body).toMatchObject({ instances_found: 3, next_token: null })
  })
})
