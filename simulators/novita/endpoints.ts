import { text } from '../kit/controlled.ts'
import type { SimReply, SimRequest } from '../kit/simulator.ts'
import type { World } from './state.ts'

/**
 * A request to `{instanceId}-{port}.{cluster}.gpu-instance.novita.ai`, known by its Host header: the platform's proxy
 * answers 502 until the app in the container listens. Everything else is for the API.
 */
export function appReply(world: World, request: SimRequest): SimReply | null {
  const parts = /^([0-9a-f]+)-(\d+)\.([a-z0-9-]+)\.gpu-instance\.novita\.ai(?::\d+)?$/.exec(request.headers.host ?? '')
  if (!parts) return null
  const [, id, port, clusterId] = parts
  const machine = world.state.machines.find((one) => one.id === id && one.clusterId === clusterId)
  const exposed = machine?.ports.some((one) => one.type === 'http' && one.port === Number(port))
  if (!machine || !exposed || machine.status !== 'running') return text(404, 'not found')
  if (world.clock.now() < machine.appReadyAt) {
    return {
      status: 502,
      headers: { 'content-type': 'text/html' },
      body: '<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>',
    }
  }
  return text(200, 'ok')
}
