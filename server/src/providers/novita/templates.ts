import { ProviderError, type ProviderTemplate } from '../provider.ts'
import type { NovitaClient } from './client.ts'
import type { NovitaTemplate } from './wire.ts'

/**
 * A create takes no template: it is fetched and spelled out. Tools of official images are left out, what they listen on is
 * not.
 *
 * @source novita.md 2.2 and 2.5
 */
export async function templateFromNovita(
  id: string,
  client: Pick<NovitaClient, 'template' | 'registryAuths'>,
  signal?: AbortSignal,
): Promise<ProviderTemplate | null> {
  const wire = await client.template(id, signal)
  if (wire === null) return null
  return {
    name: wire.name,
    image: wire.image,
    registryAuth: wire.imageAuth === '' ? null : await registryAuthOf(wire, client, signal),
    environment: Object.fromEntries((wire.envs ?? []).map(({ key, value }) => [key, value])),
    ports: (wire.ports ?? []).flatMap(({ type, ports }) =>
      ports.map((containerPort) => ({ containerPort, protocol: type === 'http' ? 'http' : 'tcp' }) as const),
    ),
    diskGb: wire.rootfsSize,
    startCommand: wire.startCommand === '' ? null : wire.startCommand,
  }
}

async function registryAuthOf(
  { Id, image, imageAuth }: NovitaTemplate,
  client: Pick<NovitaClient, 'registryAuths'>,
  signal: AbortSignal | undefined,
): Promise<ProviderTemplate['registryAuth']> {
  const found = (await client.registryAuths(signal)).find((one) => one.id === imageAuth)
  if (found === undefined) {
    throw new ProviderError(
      'novita',
      { kind: 'rejected' },
      `Novita template ${Id} names a registry login that is not there any more: set it again in Novita’s console`,
    )
  }
  return { server: registryOf(image), username: found.username, password: found.password }
}

/** The registry that an image names; null: Docker Hub, which needs no name. A first part without a dot or a port is a user there. */
function registryOf(image: string): string | null {
  const [first = '', ...rest] = image.split('/')
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : null
}
