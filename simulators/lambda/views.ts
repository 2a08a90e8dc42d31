/** Lambda's objects as they go over the wire. Optional fields are absent, never null. */

import { instanceTypes, type RegionView, regionNamed, type TypeFacts } from './catalogue.ts'
import type { Filesystem, LambdaState, Machine, Ruleset } from './state.ts'

export function typeView(state: LambdaState, type: TypeFacts, cents: number) {
  return {
    name: type.name,
    description: type.description,
    gpu_description: type.gpuDescription,
    price_cents_per_hour: cents,
    specs: { vcpus: type.vcpus, memory_gib: type.memoryGib, storage_gib: type.storageGib, gpus: type.gpus },
    ...(state.settings.laterRevision ? { architecture: type.architecture } : {}),
  }
}

/** The price is the one it was launched at; whether Lambda shows the list price of the day instead is not known. */
export function instanceView(state: LambdaState, machine: Machine) {
  const type = instanceTypes.get(machine.type)
  if (!type) throw new RangeError(`instance of an unknown type: ${machine.type}`)
  // The ip of an instance that is being terminated "may vanish"; here it stays until the end.
  const reachable = machine.ipKnown && machine.status !== 'terminated' && machine.status !== 'preempted'
  const jupyter = reachable && machine.firstHealthyAt !== null
  const hostname = machine.hostname ?? (reachable ? machine.ip.replaceAll('.', '-') : null)
  return {
    id: machine.id,
    ...(machine.name === null ? {} : { name: machine.name }),
    ...(reachable ? { ip: machine.ip, private_ip: machine.privateIp } : {}),
    status: machine.status,
    ssh_key_names: machine.sshKeyNames,
    file_system_names: machine.fileSystems.map((mounted) => mounted.name),
    ...(machine.fileSystems.length === 0
      ? {}
      : {
          file_system_mounts: machine.fileSystems.map((mounted) => ({
            mount_point: mounted.mountPoint,
            file_system_id: mounted.id,
          })),
        }),
    region: region(machine.region),
    instance_type: typeView(state, type, machine.centsPerHour),
    ...(hostname === null ? {} : { hostname }),
    ...(jupyter
      ? {
          jupyter_token: machine.jupyterToken,
          jupyter_url: `https://jupyter-${machine.jupyterId}.lambdaspaces.com/?token=${machine.jupyterToken}`,
        }
      : {}),
    is_reserved: false,
    ...(machine.tags.length === 0 ? {} : { tags: machine.tags }),
    ...(machine.rulesetIds.length === 0 ? {} : { firewall_rulesets: machine.rulesetIds.map((id) => ({ id })) }),
    ...(state.settings.laterRevision && machine.firstHealthyAt !== null
      ? { first_healthy: new Date(machine.firstHealthyAt).toISOString() }
      : {}),
    actions: actionsView(machine),
  }
}

const able = { available: true }

function blocked(reason_code: string, reason_description: string) {
  return { available: false, reason_code, reason_description }
}

function actionsView(machine: Machine) {
  const every = (action: object, terminateAction: object = action) => ({
    migrate: action,
    rebuild: action,
    restart: action,
    cold_reboot: action,
    terminate: terminateAction,
  })
  if (machine.status === 'booting') {
    return every(blocked('vm-has-not-launched', 'The VM has not launched yet.'), able)
  }
  if (machine.status === 'terminating' || machine.status === 'terminated') {
    return every(blocked('vm-is-terminating', 'The VM is terminating.'))
  }
  if (machine.restarting) return every(blocked('vm-action-in-progress', 'Another action is in progress.'), able)
  return every(able)
}

const region = (name: string): RegionView => regionNamed(name) ?? { name, description: name }

export function filesystemView(state: LambdaState, filesystem: Filesystem) {
  return {
    id: filesystem.id,
    name: filesystem.name,
    mount_point: defaultMountPoint(filesystem),
    created: new Date(filesystem.createdAt).toISOString(),
    created_by: { id: '3da5a70a57a7422ea8a7203f98b2198b', email: 'me@example.com', status: 'active' },
    is_in_use: isMounted(state, filesystem),
    region: region(filesystem.region),
    bytes_used: (filesystem.usedGib ?? 0) * 1024 ** 3,
  }
}

export const defaultMountPoint = (filesystem: Filesystem): string => `/lambda/nfs/${filesystem.name}`

const holdsResources = (machine: Machine): boolean =>
  machine.status !== 'terminated' && machine.status !== 'preempted' && machine.status !== 'gone'

export const isMounted = (state: LambdaState, filesystem: Filesystem): boolean =>
  userOf(state, filesystem) !== undefined

/** The instance that has it mounted. */
export const userOf = (state: LambdaState, filesystem: Filesystem): Machine | undefined =>
  state.machines.find(
    (machine) => holdsResources(machine) && machine.fileSystems.some((mounted) => mounted.id === filesystem.id),
  )

export const rulesetUsers = (state: LambdaState, ruleset: Ruleset): string[] =>
  state.machines
    .filter((machine) => holdsResources(machine) && machine.rulesetIds.includes(ruleset.id))
    .map((machine) => machine.id)

export function rulesetView(state: LambdaState, ruleset: Ruleset) {
  return {
    id: ruleset.id,
    name: ruleset.name,
    region: region(ruleset.region),
    rules: ruleset.rules,
    created: new Date(ruleset.createdAt).toISOString(),
    instance_ids: rulesetUsers(state, ruleset),
  }
}
