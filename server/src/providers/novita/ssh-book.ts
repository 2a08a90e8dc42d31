import type { SshAccess } from '../../core/instances/machine.ts'
import { sshFrom } from './machines.ts'
import type { NovitaInstance } from './wire.ts'

/** Some images never get an SSH address; after so many reads of one start we stop asking. */
const mostReads = 10

interface Entry {
  startedAt: number | null
  ssh: SshAccess | null
  reads: number
}

/**
 * SSH addresses of machines that run. The list does not show them, the answer for one instance does, some seconds after
 * `running`. They change with every start, so an entry holds for one start and is forgotten when the machine leaves
 * `running`. Host, port and user only: passwords are never kept.
 */
export class SshBook {
  readonly #entries = new Map<string, Entry>()

  /** To be called with every whole fleet. */
  keepOnly(fleet: readonly NovitaInstance[]): void {
    const running = new Map(fleet.filter(isRunning).map((wire) => [wire.id, wire.lastStartedAt]))
    for (const [id, { startedAt }] of this.#entries) {
      if (!running.has(id) || running.get(id) !== startedAt) this.#entries.delete(id)
    }
  }

  addressOf({ id }: NovitaInstance): SshAccess | null {
    return this.#entries.get(id)?.ssh ?? null
  }

  /** The newest first: it is waited for. */
  toRead(fleet: readonly NovitaInstance[], most: number): NovitaInstance[] {
    return fleet
      .filter((wire) => isRunning(wire) && sshFrom(wire) === null)
      .filter(({ id }) => {
        const entry = this.#entries.get(id)
        return entry === undefined || (entry.ssh === null && entry.reads < mostReads)
      })
      .sort((a, b) => (b.lastStartedAt ?? 0) - (a.lastStartedAt ?? 0))
      .slice(0, most)
  }

  /** @param detail the answer for one instance; null when it could not be read */
  learn(listed: NovitaInstance, detail: NovitaInstance | null): void {
    const sameRun = detail !== null && isRunning(detail) && detail.lastStartedAt === listed.lastStartedAt
    this.#entries.set(listed.id, {
      startedAt: listed.lastStartedAt,
      ssh: sameRun ? sshFrom(detail) : null,
      reads: (this.#entries.get(listed.id)?.reads ?? 0) + 1,
    })
  }

  forget(id: string): void {
    this.#entries.delete(id)
  }
}

function isRunning({ status }: NovitaInstance): boolean {
  return status === 'running'
}
