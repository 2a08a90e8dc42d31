import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { judgeUnit, stackDir, stackServices, tryHealthProxy } from '../deploy/llm-stack.ts'
import { type Check, kept } from './check.ts'
import { minute } from './contract-001-machine.ts'
import { expectSame, expectThat } from './lab.ts'

/** In CI everything is there, or it is a mistake. */
function withoutProgram(name: string): string {
  if (process.env.CI !== undefined) throw new Error(`${name} is not installed`)
  return `not run: ${name} is not installed here`
}

export const stackChecks: readonly Check[] = [
  kept('S001-71', async () => {
    const { vllm } = stackServices()
    expectThat(vllm?.image.startsWith('vllm/vllm-openai:'), `the image is ${vllm?.image}`)
    const command = vllm?.command ?? []
    const after = (flag: string) => command[command.indexOf(flag) + 1] ?? ''
    expectThat(/Mistral-7B-Instruct/.test(after('--model')), `the model is ${after('--model')}`)
    expectSame([after('--port'), vllm?.ports], ['8000', ['8000:8000']], 'the port')
    expectThat(vllm?.deploy?.resources.reservations.devices[0]?.capabilities.includes('gpu'), 'it has no GPU')
    // vLLM's server has /v1/chat/completions under the port it is told; the engine itself takes a GPU.
    return 'the Compose file passes the schema: vllm/vllm-openai with Mistral-7B-Instruct and a GPU, OpenAI server on 8000; not run (no Docker engine)'
  }),

  kept('S001-72', async (lab) => {
    const { health } = stackServices()
    expectSame(health?.ports, ['8001:8001'], 'the port of the health proxy')
    expectThat(
      health?.volumes?.some((one) => one.startsWith('./health-nginx.conf:')),
      'it has another configuration',
    )
    const report = await tryHealthProxy(lab.folder())
    if (report === undefined) return withoutProgram('nginx')
    expectSame(
      report.seen.map(({ upstream, status }) => [upstream, status]),
      [
        [200, 200],
        [503, 503],
        ['down', 503],
      ],
      'what /health says',
    )
    expectSame([report.elsewhere, report.reached], [404, ['/health', '/health']], 'other paths')
    return 'nginx -t passes; in front of a pretended vLLM /health is 200, 503 while it starts, 503 when it is down; other paths 404'
  }),

  kept('S001-73', async (lab) => {
    const unit = readFileSync(join(stackDir, 'llm-stack.service'), 'utf8')
    for (const line of [
      'Type=oneshot',
      'RemainAfterExit=yes',
      'ExecStart=/usr/bin/docker compose up -d',
      'ExecStop=/usr/bin/docker compose down',
      'WantedBy=multi-user.target',
    ]) {
      expectThat(unit.split('\n').includes(line), `the unit lacks ${line}`)
    }
    expectThat(/^After=.*\bdocker\.service\b/m.test(unit), 'the unit does not wait for docker')
    const said = await judgeUnit(lab.folder())
    if (said === undefined) return withoutProgram('systemd-analyze')
    expectSame(said, '', 'what systemd-analyze verify says')
    return 'systemd-analyze verify has nothing to say; oneshot, RemainAfterExit, after docker, compose up -d and down, multi-user.target'
  }),

  kept('S001-74', async (lab) => {
    const preset = JSON.parse(readFileSync(join(stackDir, 'offers.json'), 'utf8'))
    const world = await lab.world({ providers: ['vast'] })
    const search = async (body: object) => (await world.call('POST', '/api/v1/offers/search/advanced', body)).body
    const gpus = { gpu_models: preset.gpu_models, provider: preset.provider, limit: 1000, market: 'any' }
    // A search brings the market here; then it is complete for these models.
    await search(gpus)
    await search(preset)
    await world.pass(2 * minute)
    const fits = (await search({ ...preset, limit: 1000 })).data
    const others = (await search({ ...gpus, available: false, disk_gb: 10 })).data
    type Offer = (typeof fits)[number]
    const isRight = (offer: Offer) =>
      /^RTX (3090|4090)$/.test(offer.gpu_model) && offer.market === 'on_demand' && (offer.ram_gb ?? 0) >= 32
    expectThat(fits.length > 0 && fits.every(isRight), `${fits.length} offers, not all of them right`)
    const wrong = others.filter((offer: Offer) => !isRight(offer))
    expectThat(wrong.length > 0, 'there was nothing to leave out')
    const spot = wrong.filter((offer: Offer) => offer.market === 'spot').length
    const readme = readFileSync(join(stackDir, 'README.md'), 'utf8')
    for (const word of ['on demand', 'RTX 3090 (24 GB)', 'RTX 4090', '32 GB of RAM', '150 GB', 'not interruptible']) {
      expectThat(readme.includes(word), `the guide does not say ${word}`)
    }
    return `offers.json finds ${fits.length} on-demand RTX 3090 or 4090 with 32 GB and 150 GB of disk; ${wrong.length} others left out (${spot} spot); in the guide`
  }),
]
