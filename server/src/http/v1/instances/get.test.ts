import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const get = (id: string) => world.ask('GET', `/api/v1/instances/${id}`)

describe('200', () => {
  test('S003-40 R003-12 enriched with what the machine is', async () => {
    const { id } = await world.hasInstance(
      { status: 'ready', label: 'mine' },
      {
        offer: anOffer({ details: { machine_id: 7 } }),
        ssh: { host: 'ssh.example', port: 2222, user: 'root' },
        endpoints: [{ containerPort: 8000, protocol: 'tcp', host: '1.2.3.4', port: 41000, url: null }],
      },
    )
    const { json } = await get(id)
    expect(json).toMatchObject({ success: true, message: 'Instance retrieved successfully' })
    expect(json.data).toMatchObject({
      id,
      name: 'mine',
      provider: 'vast_ai',
      provider_id: 'm-1',
      status: 'ready',
      gpu_model: 'RTX 4090',
      gpu_info: { name: 'RTX 4090', performance_score: 100 },
      performance: 100,
      performance_score: 100,
      reliability: 0.99,
      network_info: { download_mbps: 800, upload_mbps: 500 },
      price_per_hour: 0.36,
      environment: { TOKEN: '[secret]' },
      ssh: { command: 'ssh -p 2222 root@ssh.example' },
      endpoints: [{ container_port: 8000, host: '1.2.3.4', port: 41000 }],
      provider_data: { machine_id: 7, offer_id: '1' },
    })
  })

  test('money is exact decimal text, and the machine’s own price wins', async () => {
    const { id } = await world.hasInstance(
      { status: 'ready' },
      { pricePerHour: nanosFromUsd('0.123456789'), comparablePrice: nanosFromUsd('0.361') },
    )
    expect((await get(id)).json.data).toMatchObject({
      price_per_hour_usd: '0.124456789',
      cost_so_far_usd: '0',
      cost_per_hour_usd: '0',
      max_price_per_hour_usd: null,
    })
  })

  test('a bid is what it costs, also when it was raised, and disk beside it', async () => {
    const offer = anOffer({ market: 'spot' })
    const disk = { ...offer.disk, includedGb: 0, sizesGb: [], pricePerGbHour: nanosFromUsd('0.001') }
    const spot = {
      offer: { ...offer, disk, pricePerHour: nanosFromUsd('0.2') },
      // 0.22 were bid, and 10 GB of disk cost 0.01.
      comparablePrice: nanosFromUsd('0.23'),
    }
    const bid = nanosFromUsd('0.22')
    const up = await world.hasInstance({ status: 'ready' }, { ...spot, bidPerHour: bid, pricePerHour: bid })
    expect((await get(up.id)).json.data.price_per_hour_usd).toBe('0.23')
    const raised = await world.hasInstance({ status: 'interrupted' }, { ...spot, bidPerHour: nanosFromUsd('0.33') })
    expect((await get(raised.id)).json.data.price_per_hour_usd).toBe('0.34')
  })

  test.each(['requested', 'launching', 'stopped', 'terminated', 'failed'] as const)(
    'one that is %s',
    async (status) => {
      const { id } = await world.hasInstance({ status, endedAt: status === 'failed' ? world.clock.now() : null })
      expect((await get(id)).json.data).toMatchObject({ status, provider: null, gpu_model: null, price_per_hour: null })
    },
  )
})

describe('404', () => {
  test.each(['inst_0000000000000000', 'x', 'plan', 'x'.repeat(300), '%F0%9F%98%80', "'%20OR%201=1"])(
    '%s',
    async (id) => {
      const { status, json } = await get(id)
      expect(status).toBe(404)
      expect(json).toMatchObject({ code: 'not_found', fix: 'GET /api/v1/instances lists the ones there are' })
    },
  )
})

describe('400', () => {
  test('an id that cannot be one', async () => {
    expect((await get('%00')).json.details.mistakes).toMatchObject([{ field: 'id' }])
  })
})
