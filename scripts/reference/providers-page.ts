import { lambdaDescription } from '../../server/src/providers/lambda/description.ts'
import { novitaDescription } from '../../server/src/providers/novita/description.ts'
import { paperspaceDescription } from '../../server/src/providers/paperspace/description.ts'
import type { ProviderDescription } from '../../server/src/providers/provider.ts'
import { runpodDescription, runpodGraphqlDescription } from '../../server/src/providers/runpod/description.ts'
import { type Feature, features, supportsFeature } from '../../server/src/providers/supports-feature.ts'
import { vastDescription } from '../../server/src/providers/vast/description.ts'
import { madeFrom, rows } from './page.ts'

/** One column for each version of each API that there is a client for. */
const clients: readonly ProviderDescription[] = [
  vastDescription,
  runpodDescription,
  runpodGraphqlDescription,
  lambdaDescription,
  paperspaceDescription,
  novitaDescription,
]

const names: Record<Feature, string> = {
  stop: 'stop',
  start: 'start again',
  restart: 'restart',
  interruptible_instances: 'spot',
  bids: 'bids',
  logs: 'logs through the API',
  balance: 'balance',
  ssh_keys: 'SSH keys of the account',
  utilisation: 'reports how busy its GPUs are',
  udp_ports: 'UDP ports',
  reclaim_notice: 'says before it takes a machine',
  dead_man_switch: 'dead-man switch',
}

/** docs/reference/providers.md: which version of which API is spoken, and what it can do. */
export function providersPage(): string {
  const head = ['', ...clients.map(({ displayName, apiVersion }) => `${displayName} ${apiVersion}`)]
  const row = (what: string, cell: (one: ProviderDescription) => string) => [what, ...clients.map(cell)]
  return [
    '# Providers',
    madeFrom('server/src/providers/*/description.ts'),
    'Which version of each marketplace’s API is spoken, and what works with it. A reply that names another version than the expected ones is an event, counts in `gpufleet_provider_version_mismatch`, and makes `is_supported` false in `GET /api/v1/providers/versions`. What changed when is in `CHANGELOG.md` beside each client; [what to do about it](../how-to/keep-up-with-marketplaces.md) is a guide.',
    rows(head, [
      row('website', ({ website }) => website),
      row('expected versions', ({ expectedVersions = [] }) => expectedVersions.join(', ') || 'any'),
      row('deprecated', ({ deprecated }) =>
        deprecated === undefined ? 'no' : `since ${new Date(deprecated.since).toISOString().slice(0, 10)}`,
      ),
      ...features.map((feature) => row(names[feature], (one) => (supportsFeature(one, feature) ? 'yes' : 'no'))),
      row('runs your image as', ({ abilities }) => (abilities.runs === 'vm' ? 'Docker on a VM' : 'container')),
      row('ports', ({ abilities }) => abilities.ports),
      row('disk survives a stop', ({ abilities }) => (abilities.diskSurvives.stop ? 'yes' : 'no')),
      row('disk survives an interruption', ({ abilities }) => (abilities.diskSurvives.interruption ? 'yes' : 'no')),
      row('billed while stopped', ({ billing }) => (billing.stopped === 'cannot_stop' ? '–' : billing.stopped)),
    ]),
  ]
    .join('\n\n')
    .concat('\n')
}
