import type { z } from 'zod'
import type { Charge } from '../../../core/charges/charge.ts'
import type { GpuCatalogue } from '../../../core/gpus/gpu.ts'
import type { Instance, InstanceId } from '../../../core/instances/instance.ts'
import type { Activity } from '../../../core/policies/activity.ts'
import type { Clock } from '../../../core/time.ts'
import type { Caller } from '../../access.ts'
import type { PolicyContext } from './policies-view.ts'
import { type InstanceView, instanceView } from './view.ts'

export interface ShownDeps {
  charges: { ofInstance(id: InstanceId): Promise<Charge[]> }
  activity: { of(id: InstanceId): Promise<Activity> }
  descriptions: PolicyContext['descriptions']
  gpus: Pick<GpuCatalogue, 'find'>
  clock: Clock
}

/** One instance as the API shows it to this caller, with all that is stored about it. */
export async function shown(
  instance: Instance,
  { role }: Pick<Caller, 'role'>,
  deps: ShownDeps,
): Promise<z.infer<typeof InstanceView>> {
  const [charges, activity] = await Promise.all([deps.charges.ofInstance(instance.id), deps.activity.of(instance.id)])
  const { gpus, descriptions } = deps
  return instanceView(instance, { charges, activity, gpus, descriptions, role, now: deps.clock.now() })
}
