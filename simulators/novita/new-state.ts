import type { SimClock } from '../kit/clock.ts'
import { seededRandom, seedFrom } from '../kit/random.ts'
import { hourOf } from './meters.ts'
import { defaultSettings } from './settings.ts'
import { type State, type Template, unixSeconds } from './state.ts'

const startBalanceNanos = 1_000_000_000_000n

export function newState(clock: SimClock, seed: number): State {
  const random = seededRandom(seedFrom(seed, 'novita'))
  const now = clock.now()
  const userId = [8, 4, 4, 4, 12].map((length) => random.hex(length)).join('-')
  return {
    version: 1,
    random: random.state(),
    serial: 672,
    marketOffsetMs: 0,
    marketMs: clock.marketTime(),
    userId,
    machines: [],
    jobs: [],
    templates: officialTemplates(unixSeconds(now)),
    storages: [],
    networks: [],
    registryAuths: [],
    meters: [],
    oneOffs: [],
    balance: { setTo: startBalanceNanos.toString(), settledThen: '0' },
    settledUntil: hourOf(now),
    priceChanges: [],
    soldOut: [],
    failing: [],
    listLagMs: 0,
    pace: {},
    settings: defaultSettings(),
    buckets: {},
  }
}

/** Invented, in the shape of the real ones. */
function officialTemplates(now: number): Template[] {
  const common = {
    readme: '',
    type: 'instance',
    channel: 'official',
    imageAuth: '',
    volumes: [],
    envs: [],
    createdAt: now,
    mine: false,
  }
  return [
    {
      ...common,
      id: '101',
      name: 'pytorch-jupyter',
      image: 'docker.io/pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime',
      startCommand: '',
      rootfsSize: 60,
      ports: [{ type: 'http', ports: [8888] }],
      tools: [{ name: 'Jupyter', describe: 'Start Jupyter Notebook', port: 8888, type: 'http' }],
    },
    {
      ...common,
      id: '102',
      name: 'vllm-openai',
      image: 'docker.io/vllm/vllm-openai:v0.8.5',
      startCommand: '--model Qwen/Qwen3-8B',
      rootfsSize: 100,
      ports: [{ type: 'http', ports: [8000] }],
      tools: [],
    },
  ]
}
