/** Contract 002: what can be asked, and what is answered. */

import { type Check, kept } from './check.ts'
import { created, expectError, minimal, minute, novitaWorld, shown, untilWord } from './contract-002-kit.ts'
import { expectSame, expectThat, type Lab, type LabWorld } from './lab.ts'

/** With one instance that is up. */
const running = (lab: Lab) =>
  lab.shared('002 one that runs', async (forAll) => {
    const { world, asked } = await novitaWorld(forAll)
    const id = await created(world)
    await untilWord(world, id, 'running')
    // Novita names the way in by SSH some seconds later.
    await world.pass(minute)
    return { world, asked, id }
  })

export const apiChecks: readonly Check[] = [
  kept(['S002-03', 'R002-05'], async (lab) => {
    const { world } = await novitaWorld(lab)
    await world.pass(minute)
    const good = await world.call('GET', '/health')
    expectSame([good.status, good.body.status], [200, 'healthy'], '/health')
    expectSame(good.body.dependencies.novitaApi, 'healthy', 'dependencies.novitaApi')
    for (const name of ['version', 'uptime', 'timestamp', 'services', 'performance', 'system']) {
      expectThat(good.body[name] !== undefined, `/health has no ${name}`)
    }
    world.order('novita', 'faults', { kind: 'status', status: 500 })
    const bad = await world.until(async () => {
      const reply = await world.call('GET', '/health')
      return reply.status === 503 && reply
    }, 10 * minute)
    expectSame(
      [bad.body.status, bad.body.dependencies.novitaApi, bad.body.services.novitaApi],
      ['unhealthy', 'unhealthy', 'down'],
      '/health while Novita fails',
    )
    return '200 healthy with dependencies, services, performance and system; 503 unhealthy once Novita fails again and again'
  }),

  kept(['S002-04', 'S002-06', 'R002-01'], async (lab) => {
    const { world } = await novitaWorld(lab)
    const before = world.clock.now()
    const { status, body } = await world.call('POST', '/api/instances', minimal)
    expectSame(status, 201, 'the status')
    expectThat(/^inst_[a-z0-9]+$/.test(body.instanceId), `instanceId is ${body.instanceId}`)
    expectSame([body.status, body.message], ['creating', 'Instance creation initiated'], 'status and message')
    expectThat(Date.parse(body.estimatedReadyTime) > before + 3 * minute, `ready at ${body.estimatedReadyTime}`)
    return `201 with instanceId ${body.instanceId}, status creating, message, ready about ${body.estimatedReadyTime}`
  }),

  kept('S002-05', async (lab) => {
    const { world, asked, receiver } = await novitaWorld(lab)
    const id = await created(world, { gpuNum: 2, webhookUrl: receiver.url, region: 'US-CA-06' })
    const one = await untilWord(world, id, 'running')
    await world.pass(5_000)
    expectSame([one.gpuNum, receiver.posts.length], [2, 1], 'GPUs and webhooks')
    const sent = asked.find(({ path }) => path.endsWith('/create'))
    expectSame(JSON.parse(sent?.body ?? '{}').gpuNum, 2, 'gpuNum that Novita was sent')
    return 'two GPUs were rented and shown, and the named webhook was told'
  }),

  kept(['S002-07', 'R002-02'], async (lab) => {
    const { world, id } = await running(lab)
    const one = await shown(world, id)
    expectSame(
      [one.id, one.name, one.status, one.gpuNum, one.region],
      [id, 'test-instance', 'running', 1, 'CN-HK-01'],
      'it',
    )
    const [port] = one.portMappings
    expectSame([port.port, port.type, typeof port.endpoint], [8888, 'jupyter', 'string'], 'its first port')
    expectThat(/^ssh .*root@/.test(one.connectionDetails.ssh), `ssh is ${one.connectionDetails.ssh}`)
    expectThat(/^https?:/.test(one.connectionDetails.jupyter), `jupyter is ${one.connectionDetails.jupyter}`)
    expectThat(Date.parse(one.readyAt) > Date.parse(one.createdAt), 'it was ready before it was created')
    await expectError(world, ['GET', '/api/instances/inst_0000000000000000'], 404, 'INSTANCE_NOT_FOUND')
    await expectError(world, ['GET', '/api/instances/no.such$id'], 400, 'VALIDATION_ERROR')
    return `200 with ports, ${one.connectionDetails.ssh}, createdAt and readyAt; 404 for an unknown id, 400 for an impossible one`
  }),

  kept(['S002-08', 'R002-03'], async (lab) => {
    const { world } = await novitaWorld(lab)
    const first = await created(world)
    await untilWord(world, first, 'running')
    const second = await created(world, { name: 'another', region: 'US-CA-06' })
    const list = async (query = '') => (await world.call('GET', `/api/instances${query}`)).body
    const all = await list()
    expectSame(idsOf(all), [second, first], 'the list')
    expectSame([all.total, all.limit, all.offset], [2, 50, 0], 'total, limit and offset')
    expectSame(idsOf(await list('?status=running')), [first], 'those that run')
    expectSame(idsOf(await list('?status=creating')), [second], 'those that are being created')
    const page = await list('?limit=1&offset=1')
    expectSame([idsOf(page), page.total], [[first], 2], 'the second page')
    await expectError(world, ['GET', '/api/instances?status=sleeping'], 400, 'VALIDATION_ERROR')
    return 'newest first; status running and creating show one each of two; limit 1 offset 1 the second of 2; a wrong status is 400'
  }),

  kept(['S002-09', 'R002-04'], async (lab) => {
    const { world, id } = await running(lab)
    const before = (await world.call('GET', '/api/metrics')).body
    await shown(world, id)
    await world.call('GET', '/api/instances/inst_0000000000000000')
    const { requests, instances, jobs, cache, system } = (await world.call('GET', '/api/metrics')).body
    expectSame(requests.total - before.requests.total, 3, 'calls counted since')
    expectSame(requests.failed - before.requests.failed, 1, 'failures counted since')
    expectSame(requests.successful + requests.failed, requests.total, 'good and bad calls together')
    expectSame([instances.total, instances.running, instances.creating, instances.failed], [1, 1, 0, 0], 'instances')
    expectSame([jobs.pending, jobs.processing, jobs.completed, jobs.failed], [0, 0, 1, 0], 'jobs')
    expectThat(cache.hitRate >= 0 && cache.hitRate <= 1, `hitRate is ${cache.hitRate}`)
    expectThat(system.uptime > 0 && system.memoryUsage.used > 0, 'system says nothing')
    return `three calls, one failed: counted so; instances ${JSON.stringify(instances)}; jobs ${JSON.stringify(jobs)}`
  }),

  kept(['S002-36', 'R002-14'], async (lab) => {
    const { world, asked } = await novitaWorld(lab)
    for (const [field, value] of wrong) {
      const error = await expectError(
        world,
        ['POST', '/api/instances', { ...minimal, [field]: value }],
        400,
        'VALIDATION_ERROR',
      )
      expectSame((error.details as { field: string }).field, field, `the field named for ${field}: ${value}`)
    }
    const all = await expectError(world, ['POST', '/api/instances', {}], 400, 'VALIDATION_ERROR')
    const named = (all.validationErrors as { field: string }[]).map(({ field }) => field)
    expectSame(named, ['name', 'productName', 'templateId'], 'the fields named for an empty body')
    expectThat(!asked.some(({ path }) => path.endsWith('/create')), 'something was rented all the same')
    return `${wrong.length} wrong values are 400, each with its field; an empty body names ${named.join(', ')}`
  }),

  kept('S002-39', async (lab) => {
    const { world } = await novitaWorld(lab)
    const call = (body: object): Parameters<LabWorld['call']> => ['POST', '/api/instances', { ...minimal, ...body }]
    await expectError(world, call({ productName: 'RTX 9090 24GB' }), 404, 'PRODUCT_NOT_FOUND')
    await expectError(world, call({ templateId: 'no-such-template' }), 404, 'TEMPLATE_NOT_FOUND')
    expectSame((await world.call('GET', '/api/instances')).body.total, 0, 'instances')
    await created(world, { templateId: 101 })
    return 'RTX 9090 24GB: 404 PRODUCT_NOT_FOUND; no-such-template: 404 TEMPLATE_NOT_FOUND; Novita’s own template 101 is taken'
  }),

  kept('S002-33', async (lab) => {
    const { world, id } = await running(lab)
    await world.pass(10_000)
    const cacheNow = async () => (await world.call('GET', '/api/metrics')).body.cache
    const before = await cacheNow()
    await shown(world, id)
    const after = await cacheNow()
    await shown(world, id)
    const last = await cacheNow()
    expectSame([after.hits - before.hits, after.misses - before.misses], [0, 1], 'hits and misses of the first')
    expectSame([last.hits - after.hits, last.misses - after.misses], [1, 0], 'hits and misses of the second')
    expectThat(last.hitRate > after.hitRate, 'the hit rate did not rise')
    return `the first GET is a miss, the second a hit; the hit rate rises from ${after.hitRate.toFixed(2)} to ${last.hitRate.toFixed(2)}`
  }),

  kept(['S002-35', 'R002-09'], async (lab) => {
    const { world } = await novitaWorld(lab, { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_RPM: '100000' })
    const burst = async (times: number, call: Parameters<LabWorld['call']>) => {
      const replies = []
      for (let i = 0; i < times; i++) replies.push(await world.call(...call))
      return replies.filter(({ status }) => status !== 429).length
    }
    expectSame(await burst(12, ['POST', '/api/instances', {}]), 10, 'creations let through of 12')
    const error = await expectError(world, ['POST', '/api/instances', {}], 429, 'RATE_LIMIT_EXCEEDED')
    expectThat(typeof error.retryAfter === 'number', 'it does not say when to try again')
    expectSame(await burst(102, ['GET', '/api/instances']), 100, 'status calls let through of 102')
    const { headers } = await world.call('GET', '/api/instances')
    const { 'x-ratelimit-limit': most, 'x-ratelimit-remaining': left, 'x-ratelimit-reset': reset } = headers
    expectSame([Number(most), Number(left)], [100, 0], 'X-RateLimit-Limit and -Remaining')
    expectThat(Number(reset) * 1000 > world.clock.now(), 'X-RateLimit-Reset is past')
    expectThat(Number(headers['retry-after']) > 0, 'no Retry-After')
    await world.clock.advance(minute)
    expectSame(await burst(1, ['GET', '/api/instances']), 1, 'calls let through a minute later')
    const more = await burst(1_000, ['GET', '/api/cache/stats'])
    expectThat(more > 800 && more < 1_000, `${more} of 1000 further calls were let through in this hour`)
    await expectError(world, ['GET', '/api/cache/stats'], 429, 'RATE_LIMIT_EXCEEDED')
    return '10 of 12 creations and 100 of 102 status calls a minute, then 429 with X-RateLimit headers and Retry-After; 1000 calls in the hour'
  }),

  kept('R002-06', async (lab) => {
    const { world, id } = await running(lab)
    await expectError(world, ['POST', '/api/instances', { name: 7 }], 400, 'VALIDATION_ERROR')
    await expectError(world, ['GET', '/api/instances/inst_x'], 404, 'INSTANCE_NOT_FOUND')
    await expectError(
      world,
      ['GET', `/api/instances/${id}`, undefined, { authorization: 'Bearer x' }],
      401,
      'AUTHENTICATION_ERROR',
    )
    await expectError(world, ['PUT', '/api/instances'], 405, 'METHOD_NOT_ALLOWED')
    return 'VALIDATION_ERROR, INSTANCE_NOT_FOUND, AUTHENTICATION_ERROR, METHOD_NOT_ALLOWED, each with message, details, timestamp, requestId'
  }),

  kept('R002-07', async (lab) => {
    const { world } = await running(lab)
    const missing = await expectError(world, ['GET', '/api/instances/a/b'], 404, 'NOT_FOUND')
    expectSame(missing.message, 'Route GET /api/instances/a/b not found', 'the message')
    await expectError(world, ['POST', '/api/instances', '{"name":'], 400, 'VALIDATION_ERROR')
    const big = JSON.stringify({ ...minimal, name: 'x'.repeat(10 * 1024 * 1024) })
    await expectError(world, ['POST', '/api/instances', big], 413, 'PAYLOAD_TOO_LARGE')
    return 'an unknown route is 404 NOT_FOUND in JSON, malformed JSON 400, a body over 10 MB 413'
  }),

  kept(['S002-32', 'R002-08'], async (lab) => {
    const { world } = await running(lab)
    const headers = { 'x-request-id': 'req-mine-1', 'x-correlation-id': 'order-4711' }
    const echoed = await world.call('GET', '/api/instances', undefined, headers)
    expectSame(
      [echoed.headers['x-request-id'], echoed.headers['x-correlation-id']],
      ['req-mine-1', 'order-4711'],
      'the ids that came back',
    )
    const line = world.log.lines.find(({ fields }) => fields.correlationId === 'order-4711')
    expectSame([line?.fields.method, line?.fields.path, line?.fields.status], ['GET', '/api/instances', 200], 'the log')
    const bad = await world.call('GET', '/api/instances', undefined, {
      'x-correlation-id': 'a b\u0007',
      'x-request-id': 'x'.repeat(500),
    })
    expectThat(/^corr_\d+_[0-9a-f]+$/.test(String(bad.headers['x-correlation-id'])), 'none is made for a bad id')
    expectThat(/^req_/.test(String(bad.headers['x-request-id'])), 'a bad request id is taken over')
    return 'good ids are echoed and stand in the log line with method, path and status; bad or missing ones are made'
  }),

  kept('R002-17', async (lab) => {
    const { world, id } = await running(lab)
    await shown(world, id)
    const stats = async () => (await world.call('GET', '/api/cache/stats')).body
    const { summary, cacheManager } = await stats()
    expectThat(summary.totalEntries > 0, 'nothing is cached')
    expectSame(cacheManager.stats.instances.ttlMs, 2_000, 'how long an instance is kept')
    await world.clock.advance(5_000)
    const { entriesRemoved } = (await world.call('POST', '/api/cache/cleanup')).body
    await shown(world, id)
    await world.call('POST', '/api/cache/clear', {})
    expectSame((await stats()).summary.totalEntries, 0, 'entries after clearing')
    await expectError(world, ['POST', '/api/cache/clear', { cacheName: 'nothing' }], 404, 'NOT_FOUND')
    return `two caches with their TTLs and figures; cleanup drops ${entriesRemoved} that are too old, clear all`
  }),

  kept('R002-18', async (lab) => {
    const { world } = await novitaWorld(lab)
    await world.call('GET', '/api/instances/inst_x')
    const summary = (await world.call('GET', '/api/metrics/summary')).body.data
    expectSame([summary.requests.total, summary.requests.errorRate], [1, 1], 'calls and error rate')
    const system = (await world.call('GET', '/api/metrics/system')).body.data
    expectThat(system.memory.rss > 0 && system.cpu.loadAverage.length === 3, 'system says nothing')
    expectSame((await world.call('POST', '/api/metrics/reset')).status, 200, 'the reset')
    const after = (await world.call('GET', '/api/metrics')).body
    // The reset itself is answered after it was carried out.
    expectSame([after.requests.total, after.requests.failed], [1, 0], 'calls counted after it')
    return 'summary shows one call and an error rate of 1, system memory and load; after the reset only calls since'
  }),
]

const wrong: readonly (readonly [string, unknown])[] = [
  ['name', 'bad name!'],
  ['name', 'x'.repeat(101)],
  ['name', 7],
  ['productName', ''],
  ['productName', 'x'.repeat(201)],
  ['templateId', ''],
  ['templateId', true],
  ['gpuNum', 0],
  ['gpuNum', 9],
  ['gpuNum', 1.5],
  ['gpuNum', '2'],
  ['rootfsSize', 19],
  ['rootfsSize', 1_001],
  ['region', 'MARS-01'],
  ['webhookUrl', 'ftp://example.com/hook'],
  ['webhookUrl', 'no url'],
  ['webhookUrl', 'http://127.0.0.1:9/hook'],
]

function idsOf({ instances }: { instances: { id: string }[] }): string[] {
  return instances.map(({ id }) => id)
}
