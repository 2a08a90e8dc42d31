/** Contract 002: what is rented, watched and told. */

import { type Check, kept, superseded } from './check.ts'
import {
  billing,
  created,
  creationsIn,
  expectError,
  minimal,
  minute,
  novitaWorld,
  shown,
  signatureOf,
  untilWord,
} from './contract-002-kit.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const secret = 'your_webhook_secret'

export const workChecks: readonly Check[] = [
  kept('S002-10', async (lab) => {
    const { world, asked } = await novitaWorld(lab)
    const first = await created(world, { region: 'US-CA-06' })
    await untilWord(world, first, 'running')
    world.order('novita', 'change-price', { matching: '4090.16c62g', factor: 3 })
    await world.pass(3 * minute)
    const second = await created(world, { region: 'US-CA-06' })
    await untilWord(world, second, 'running')
    const rented = creationsIn(asked).map(({ productId, billingMode }) => [productId, billingMode])
    expectSame(
      rented,
      [
        ['4090.16c62g', 'spot'],
        ['4090.16c125g', 'spot'],
      ],
      'what was rented',
    )
    return 'of three 4090 products the one at 0.18 $ spot was rented; when it cost 0.54 $, the one at 0.34 $'
  }),

  superseded(
    'S002-11',
    'Novita has no start after a create: creating starts the machine (providers/novita.md 6, read 2026-11-21)',
    async (lab) => {
      const { world, asked } = await novitaWorld(lab)
      const id = await created(world)
      await world.pass(8 * minute)
      const starts = asked.filter(({ path }) => path.endsWith('/gpu/instance/start')).length
      expectSame([creationsIn(asked).length, starts], [1, 0], 'creations and starts')
      const looks = asked.filter(({ path }) => path.endsWith('/gpu/instances')).length
      expectThat(looks > 5, `it was looked at ${looks} times`)
      expectSame((await shown(world, id)).status, 'running', 'the status')
      return `one create, no start; looked at ${looks} times in 8 minutes, and running without a call of the client`
    },
  ),

  kept('S002-12', async (lab) => {
    const { world, receiver } = await novitaWorld(lab)
    const id = await created(world, { webhookUrl: receiver.url })
    await world.pass(30_000)
    expectSame(receiver.posts.length, 0, 'webhooks before it is ready')
    await untilWord(world, id, 'running')
    await world.pass(5_000)
    const [post] = receiver.posts
    expectSame([post?.body.event, post?.body.instanceId, post?.body.status], ['instance.ready', id, 'running'], 'it')
    await world.pass(10 * minute)
    expectSame(receiver.posts.length, 1, 'webhooks in all')
    return 'one POST with event instance.ready, the instanceId and status running, once it ran'
  }),

  kept(['S002-13', 'S002-24', 'R002-10'], async (lab) => {
    const { world, receiver } = await novitaWorld(lab, { INSTANCE_STARTUP_TIMEOUT: '60000' })
    world.order('novita', 'fail-start', { count: 99, how: 'stuck' })
    const id = await created(world, { webhookUrl: receiver.url })
    const madeAt = Date.parse((await shown(world, id)).createdAt)
    await world.until(async () => receiver.posts.length > 0, 3 * minute)
    const [late] = receiver.posts
    const afterMs = (late?.at ?? 0) - madeAt
    expectThat(afterMs >= minute && afterMs < minute + 10_000, `told after ${afterMs} ms`)
    expectSame([late?.body.event, late?.body.instanceId, late?.body.status], ['instance.failed', id, 'failed'], 'it')
    expectSame(
      late?.body.error,
      { code: 'STARTUP_TIMEOUT', message: 'Instance failed to start within 1 minute' },
      'its error',
    )
    expectThat(typeof late?.body.timestamp === 'string', 'it has no timestamp')
    expectSame((await shown(world, id)).status, 'failed', 'the status')
    await world.pass(5 * minute)
    expectSame(billing(world), 0, 'machines that are billed five minutes later')

    world.order('novita', 'special/quota', { instances: 0 })
    const refused = await created(world, { webhookUrl: receiver.url })
    await world.until(async () => receiver.posts.length > 1, 3 * minute)
    const [, failed] = receiver.posts
    expectSame([failed?.body.event, failed?.body.instanceId], ['instance.failed', refused], 'the second')
    return `never up: after ${Math.round(afterMs / 1000)} s failed with STARTUP_TIMEOUT, and no machine left; refused: instance.failed`
  }),

  kept('S002-14', async (lab) => {
    const { world, receiver } = await novitaWorld(lab, { WEBHOOK_URL: 'http://receiver.simulated/default' })
    const id = await created(world)
    await untilWord(world, id, 'running')
    await world.pass(5_000)
    expectSame(
      receiver.posts.map(({ body }) => body.instanceId),
      [id],
      'what was told',
    )
    return 'a creation without webhookUrl was told to WEBHOOK_URL'
  }),

  kept(['S002-15', 'R002-11'], async (lab) => {
    const { world, receiver } = await novitaWorld(lab, { WEBHOOK_SECRET: secret })
    const id = await created(world, { webhookUrl: receiver.url })
    await untilWord(world, id, 'running')
    await world.pass(5_000)
    const [post] = receiver.posts
    expectThat(post, 'nothing was told')
    const right = signatureOf(secret, post.text)
    expectSame([post.headers['x-webhook-signature'], post.headers['x-signature']], [right, right], 'the signatures')
    const age = world.clock.now() / 1000 - Number(post.headers['x-webhook-timestamp'])
    expectThat(age >= 0 && age < 60, `X-Webhook-Timestamp is ${age} s old`)
    const plain = await novitaWorld(lab)
    const other = await created(plain.world, { webhookUrl: plain.receiver.url })
    await untilWord(plain.world, other, 'running')
    await plain.world.pass(5_000)
    expectSame(plain.receiver.posts[0]?.headers['x-webhook-signature'], undefined, 'a signature without a secret')
    return 'X-Webhook-Signature and x-signature are sha256=<HMAC of the very body>, with X-Webhook-Timestamp; unsigned without a secret'
  }),

  kept('S002-23', async (lab) => {
    const looksIn = async (interval: string) => {
      const { world, asked } = await novitaWorld(lab, { INSTANCE_POLL_INTERVAL: interval })
      await untilWord(world, await created(world), 'running')
      const before = asked.length
      await world.pass(minute)
      return asked.slice(before).filter(({ path }) => path.endsWith('/gpu/instances')).length
    }
    const [five, twenty, inSeconds] = [await looksIn('5000'), await looksIn('20000'), await looksIn('20')]
    expectThat(five >= 11 && five <= 14, `5000 makes ${five} looks a minute`)
    expectThat(twenty >= 2 && twenty <= 5, `20000 makes ${twenty} looks a minute`)
    expectSame(inSeconds, twenty, 'looks with 20, which counts as seconds')
    return `5000: ${five} looks at Novita in a minute; 20000: ${twenty}; 20 counts as seconds`
  }),

  superseded(
    'S002-25',
    'Novita’s create takes no region but a clusterId, which /clusters names (providers/novita.md 6, read 2026-11-21)',
    async (lab) => {
      const clusterOf = async (settings: Record<string, string>, body: object = {}) => {
        const { world, asked } = await novitaWorld(lab, settings)
        const id = await created(world, body)
        const { region } = await untilWord(world, id, 'running')
        return [region, creationsIn(asked)[0]?.clusterId]
      }
      expectSame(await clusterOf({}), ['CN-HK-01', 'cn-hongkong-1'], 'without a region')
      expectSame(
        await clusterOf({ DEFAULT_REGION: 'AS-SGP-02' }),
        ['AS-SGP-02', 'as-sgp-2'],
        'with a default of AS-SGP-02',
      )
      expectSame(await clusterOf({}, { region: 'US-CA-06' }), ['US-CA-06', 'us-ca-6'], 'with region US-CA-06')
      return 'without a region Novita gets the cluster of CN-HK-01, or of DEFAULT_REGION; a named region wins'
    },
  ),

  kept('S002-29', async (lab) => {
    const { world } = await novitaWorld(lab)
    world.order('novita', 'faults', { kind: 'status', status: 503, path: '/products', times: 2 })
    world.order('novita', 'faults', { kind: 'status', status: 503, path: '/gpu/instance/create', times: 2 })
    const id = await created(world)
    await untilWord(world, id, 'running', 30 * minute)
    expectSame(billing(world), 1, 'machines')
    return 'the price list and the create each failed twice with 503: the creation was answered 201, runs, and there is one machine'
  }),

  kept('S002-30', async (lab) => {
    const { world, asked } = await novitaWorld(lab)
    world.order('novita', 'faults', { kind: 'status', status: 500 })
    const ask = () => world.call('POST', '/api/instances', minimal)
    const error = await world.until(async () => {
      const { status, body } = await ask()
      expectSame(status, 503, `the status with ${body.error?.code}`)
      return body.error.code === 'CIRCUIT_BREAKER_OPEN' && body.error
    }, 10 * minute)
    const before = asked.length
    expectSame((await ask()).status, 503, 'the next answer')
    expectSame(asked.length, before, 'calls that Novita got meanwhile')
    return `after ${before} failed calls 503 ${error.code}, and Novita is not asked any more`
  }),

  kept('S002-31', async (lab) => {
    const { world, asked } = await novitaWorld(lab)
    await created(world, { name: 'to-know-the-market' })
    await world.pass(5_000)
    const creations = creationsIn(asked).length
    world.order('novita', 'faults', { kind: 'late', path: '/gpu/instance/create', delayMs: 20_000 })
    const before = world.clock.now()
    const id = await created(world)
    const tookMs = world.clock.now() - before
    expectSame(creationsIn(asked).length, creations, 'creations that Novita got before the answer')
    expectThat(tookMs < 5_000, `the answer took ${tookMs} ms`)
    await untilWord(world, id, 'running')
    return `the answer took ${tookMs} ms and came before Novita was asked; its reply takes 20 s, and the instance runs`
  }),

  kept('S002-34', async (lab) => {
    const { world, asked } = await novitaWorld(lab)
    await created(world)
    await world.pass(10_000)
    expectThat(
      asked.length > 0 && asked.every(({ headers }) => headers.authorization === 'Bearer sim-novita'),
      'a call has no key',
    )
    const refused = await novitaWorld(lab, { NOVITA_API_KEY: 'not-the-right-key' })
    const error = await expectError(refused.world, ['POST', '/api/instances', minimal], 401, 'AUTHENTICATION_ERROR')
    expectThat(!JSON.stringify(error).includes('not-the-right-key'), 'the error shows the key')
    return `all ${asked.length} calls carry the key as Bearer; when Novita refuses it, a creation answers 401 AUTHENTICATION_ERROR`
  }),

  kept(['S002-40', 'R002-12'], async (lab) => {
    const { world, receiver } = await novitaWorld(lab)
    const gapsOf = (from: number) => receiver.posts.slice(from).map(({ at }, i, all) => at - (all[i - 1]?.at ?? at))
    receiver.answer = () => ({ status: 500, headers: {}, body: '' })
    const id = await created(world, { webhookUrl: receiver.url })
    await untilWord(world, id, 'running')
    await world.pass(30_000)
    expectSame(receiver.posts.length, 3, 'tries at a receiver that answers 500')
    const [, one = 0, two = 0] = gapsOf(0)
    expectThat(one >= 1_000 && one < 2_000 && two >= 2_000 && two < 3_000, `the gaps are ${one} and ${two} ms`)
    expectSame((await shown(world, id)).status, 'running', 'the status afterwards')
    const line = world.log.lines.find(({ event, level }) => level === 'error' && event === 'webhook not delivered')
    expectSame(line?.fields.instanceId, id, 'the error in the log')

    receiver.answer = () => ({ status: 400, headers: {}, body: '' })
    await untilWord(world, await created(world, { webhookUrl: receiver.url, region: 'US-CA-06' }), 'running')
    await world.pass(30_000)
    expectSame(receiver.posts.length, 4, 'tries in all, after a receiver that answers 400')

    receiver.answer = () => ({ status: 200, headers: {}, body: '', delayMs: 60_000 })
    await untilWord(world, await created(world, { webhookUrl: receiver.url, region: 'AS-SGP-02' }), 'running')
    await world.pass(minute)
    const [, slow = 0] = gapsOf(4)
    expectThat(slow >= 11_000 && slow < 13_000, `a silent receiver is tried again after ${slow} ms`)
    return `500: three tries, ${one / 1000} s and ${two / 1000} s apart, an error in the log, the instance runs; 400: one try; silence: given up after 10 s`
  }),

  kept('S002-45', async (lab) => {
    const refusedFor = async (control: string, order: object, reason: string) => {
      const { world } = await novitaWorld(lab)
      world.order('novita', control, order)
      const id = await created(world)
      await untilWord(world, id, 'failed', 5 * minute)
      await world.pass(3_000)
      const { error } = await shown(world, id)
      expectSame(error.code, 'STARTUP_FAILED', 'the code')
      expectThat(error.message.includes(reason), `its message is ${error.message}`)
      const next = await expectError(world, ['POST', '/api/instances', minimal], 502, 'NOVITA_API_ERROR')
      expectThat(String(next.message).includes(reason), `the next creation says ${next.message}`)
      return String(next.message)
    }
    await refusedFor('special/quota', { instances: 0 }, 'CREATE_INSTANCE_LIMIT')
    await refusedFor('balance', { usd: '0' }, 'BALANCE_NOT_ENOUGH')
    return 'quota and balance: status failed with CREATE_INSTANCE_LIMIT and BALANCE_NOT_ENOUGH in the text; the next creation 502 NOVITA_API_ERROR with it'
  }),

  kept('R002-15', async (lab) => {
    const { world } = await novitaWorld(lab)
    const error = await expectError(
      world,
      ['POST', '/api/instances', { ...minimal, productName: 'RTX 3090 24GB' }],
      404,
      'NO_AVAILABLE_PRODUCTS',
    )
    const { available_in: places } = error.details as { available_in: string[] }
    await expectError(
      world,
      ['POST', '/api/instances', { ...minimal, productName: 'L40S 48GB', region: 'US-CA-06' }],
      404,
      'NO_AVAILABLE_PRODUCTS',
    )
    return `a 3090, sold in ${places.join(' and ')}, asked for in CN-HK-01, and an L40S, never sold as spot: 404 NO_AVAILABLE_PRODUCTS`
  }),

  kept('R002-16', async (lab: Lab) => {
    const { world } = await novitaWorld(lab)
    const id = await created(world)
    await untilWord(world, id, 'running')
    world.order('novita', 'faults', { kind: 'refuse' })
    await world.pass(5 * minute)
    const { status, body } = await world.call('GET', `/api/instances/${id}`)
    expectSame([status, body.status], [200, 'running'], 'the answer while Novita is silent')
    return 'five minutes after Novita fell silent GET still answers 200 with what was last known'
  }),
]
