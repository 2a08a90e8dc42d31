import { createHmac } from 'node:crypto'
import { join } from 'node:path'
import { deadManToken } from '../app/dead-man.ts'
import type { Config } from '../config/config.ts'
import { readOrMake } from '../config/own-files.ts'
import type { Bell } from '../core/bell.ts'
import { Secret } from '../core/secret.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Redactor } from '../observability/redaction.ts'
import { type MachineShell, newSshKey, publicHalf, sshShell } from '../outbound/machine-shell.ts'
import { type CheckpointRunner, createCheckpointRunner } from '../reconcile/checkpoint-runner.ts'
import type { DeadManSetup } from '../reconcile/dead-man.ts'
import type { PassDeps } from '../reconcile/pass.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'

export interface SavingWorkDeps {
  instances: InstanceStore
  launches: LaunchStore
  /** Made from the key that seals secrets, for one purpose. */
  fingerprint: (text: string) => string
  apiOriginOf: DeadManSetup['apiOriginOf']
  shell?: MachineShell | undefined
  metrics: Metrics
  redactor: Redactor
  bell: Bell
  clock: Clock
  log: Log
}

export interface SavingWork {
  /** For the worker. */
  forWorker: Required<Pick<PassDeps, 'deadMan' | 'ownSshKey' | 'countInterruption' | 'countRelaunch'>> & {
    checkpoints: CheckpointRunner
  }
  /** For the face that machines ask. */
  signLabel: (label: string) => string
}

/** What keeps work and money when a machine is taken, stopped or forgotten. */
export function createSavingWork(config: Config, deps: SavingWorkDeps): SavingWork {
  const { instances, launches, metrics, bell, clock, log } = deps
  const ownKey = ownSshKey(config, deps.redactor)
  const shell = deps.shell ?? sshShell({ privateKey: ownKey, clock })
  const signingKey = deps.fingerprint('key of the dead-man switch')
  const signLabel = (label: string) => createHmac('sha256', signingKey).update(label).digest('base64url')
  const by: ['provider', 'market'] = ['provider', 'market']
  const taken = metrics.counter('gpufleet_interruptions_total', 'Machines that a marketplace took back.', by)
  const relaunched = metrics.counter('gpufleet_relaunches_total', 'Machines rented in place of one that was up.', by)
  return {
    forWorker: {
      checkpoints: createCheckpointRunner({ instances, launches, shell, bell, clock, log }),
      deadMan: {
        publicUrl: config.publicUrl,
        apiOriginOf: deps.apiOriginOf,
        tokenFor: (label) => deadManToken(label, { signLabel }),
      },
      ownSshKey: () => publicHalf(ownKey()),
      countInterruption: (provider, market) => taken.inc({ provider, market }),
      countRelaunch: (provider, market) => relaunched.inc({ provider, market }),
    },
    signLabel,
  }
}

/** Made when it is first needed, and then kept: machines let it in. */
function ownSshKey({ dataDir }: Config, redactor: Redactor): () => Secret {
  let key: Secret | undefined
  return () => {
    if (key === undefined) {
      key = new Secret(readOrMake(join(dataDir, 'ssh.key'), () => newSshKey().reveal()))
      redactor.register(key)
    }
    return key
  }
}
