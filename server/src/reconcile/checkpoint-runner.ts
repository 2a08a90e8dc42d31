import type { Bell } from '../core/bell.ts'
import type { Launch, Policies } from '../core/instances/instance.ts'
import type { SshAccess } from '../core/instances/machine.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { MachineShell, ShellOutcome } from '../outbound/machine-shell.ts'
import type { Abilities } from '../providers/provider.ts'
import type { InstanceStore } from '../store/instances.ts'
import type { LaunchStore } from '../store/launches.ts'
import { checkpointEvent } from './events.ts'
import { masked } from './masking.ts'

export interface CheckpointRunner {
  /** Begins, and returns at once: the start has been written down, and the end will be. */
  start(
    launch: Launch,
    ssh: SshAccess | null,
    policy: NonNullable<Policies['checkpoint']>,
    runs: Abilities['runs'],
  ): void
  /** Hangs up. Whoever comes after us waits for the limit, and then goes on. */
  stop(): Promise<void>
}

export interface CheckpointRunnerDeps {
  shell: MachineShell
  launches: Pick<LaunchStore, 'recordFacts'>
  instances: Pick<InstanceStore, 'wake' | 'secretsOf'>
  bell: Bell
  clock: Clock
  log: Log
}

export function createCheckpointRunner(deps: CheckpointRunnerDeps): CheckpointRunner {
  const underWay = new Set<Promise<void>>()
  const stopped = new AbortController()

  async function run(
    launch: Launch,
    ssh: SshAccess | null,
    { command, timeoutMs }: NonNullable<Policies['checkpoint']>,
    runs: Abilities['runs'],
  ): Promise<void> {
    const outcome: ShellOutcome =
      ssh === null
        ? { result: 'unreachable', detail: 'the marketplace shows no SSH address for it', hostKey: null }
        : await deps.shell.run(ssh, commandOn(runs, command), {
            timeoutMs,
            hostKey: launch.hostKey,
            signal: stopped.signal,
          })
    if (stopped.signal.aborted) return
    const now = deps.clock.now()
    const detail = outcome.detail === null ? null : await maskedFor(launch, outcome.detail, command)
    await deps.launches.recordFacts(
      launch,
      {
        checkpointEndedAt: now,
        checkpointResult: outcome.result,
        ...(launch.hostKey === null && outcome.hostKey !== null && { hostKey: outcome.hostKey }),
      },
      [checkpointEvent(launch, outcome.result, detail, now)],
    )
    await deps.instances.wake([launch.instanceId], now)
    deps.bell.ring()
  }

  async function maskedFor({ instanceId }: Launch, text: string, command: string): Promise<string> {
    try {
      const secrets = await deps.instances.secretsOf(instanceId)
      // A shell that cannot run the command likes to repeat it, and a token may be in it.
      const ofCommand = [command, ...command.split(/[\s'"=;]+/)].join('\n')
      return masked(text, { ...secrets, onstartScript: [secrets.onstartScript ?? '', ofCommand].join('\n') })
    } catch {
      return 'its output is not shown: the secrets of this instance do not open with this SECRETS_KEY'
    }
  }

  return {
    start(launch, ssh, policy, runs) {
      const work = run(launch, ssh, policy, runs)
        .catch((error: unknown) => deps.log.error('checkpoint failed', { instanceId: launch.instanceId, error }))
        .finally(() => underWay.delete(work))
      underWay.add(work)
    },
    async stop() {
      stopped.abort()
      await Promise.all(underWay)
    },
  }
}

/** On a VM the work is in the container. The command travels encoded, so that it is one word whatever is in it. */
export function commandOn(runs: Abilities['runs'], command: string): string {
  if (runs === 'container') return command
  const encoded = Buffer.from(command, 'utf8').toString('base64')
  return `sudo -n docker exec gpufleet sh -c "$(printf %s ${encoded} | base64 -d)"`
}
