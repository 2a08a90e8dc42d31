import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { regionNamed } from '../catalogue.ts'
import { withChance } from '../chance.ts'
import {
  duplicate,
  filesystemInUse,
  filesystemMissing,
  invalidAddress,
  invalidParameters,
  quotaExceeded,
} from '../errors.ts'
import { meterUse } from '../filesystem-meter.ts'
import { bodyOf, text } from '../input.ts'
import type { Filesystem, LambdaState } from '../state.ts'
import { filesystemView, isMounted } from '../views.ts'
import { audit } from './audit-events.ts'

export const listFilesystems = (state: LambdaState) =>
  state.filesystems.map((filesystem) => filesystemView(state, filesystem))

export function createFilesystem(state: LambdaState, request: SimRequest, clock: SimClock) {
  const body = bodyOf(request)
  const name = text(body, 'name', { min: 1, max: 60, pattern: /^[a-zA-Z]+[0-9a-zA-Z-]*$/ })
  const region = text(body, 'region')
  if (state.settings.addressInvalid) throw invalidAddress()
  if (!regionNamed(region)) throw invalidParameters(`Region ${region} does not exist`)
  if (state.filesystems.some((filesystem) => filesystem.name === name)) {
    throw duplicate(`A filesystem named ${name} already exists.`)
  }
  if (state.filesystems.length >= state.settings.filesystemQuota) throw quotaExceeded()
  const filesystem = addFilesystem(state, { name, region }, clock)
  audit(state, clock, 'filesystem', 'created', filesystem.id)
  return filesystemView(state, filesystem)
}

export function addFilesystem(state: LambdaState, wanted: Pick<Filesystem, 'name' | 'region'>, clock: SimClock) {
  const id = withChance(state, (random) => random.hex(32))
  const filesystem: Filesystem = { id, ...wanted, createdAt: clock.now() }
  state.filesystems.push(filesystem)
  return filesystem
}

export function deleteFilesystem(state: LambdaState, id: string, clock: SimClock) {
  const filesystem = state.filesystems.find((candidate) => candidate.id === id)
  if (!filesystem) throw filesystemMissing()
  if (isMounted(state, filesystem)) throw filesystemInUse()
  state.filesystems = state.filesystems.filter((candidate) => candidate !== filesystem)
  meterUse(state, filesystem, 0, clock.now())
  audit(state, clock, 'filesystem', 'deleted', id)
  return { deleted_ids: [id] }
}
