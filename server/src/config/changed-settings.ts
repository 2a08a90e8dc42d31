import { Secret } from '../core/secret.ts'
import { settings } from './settings.ts'

/** What a setting was and is, as far as it may be told: secrets are compared, never shown. */
export interface SettingChanges {
  /** Taken over at once. */
  taken: string[]
  /** Different from what the server runs with; they count after a restart. */
  needRestart: string[]
}

/** Which settings differ, by name. */
export function changedSettings(
  before: ReadonlyMap<string, unknown>,
  now: ReadonlyMap<string, unknown>,
): SettingChanges {
  const changed = settings.filter(({ name }) => comparable(before.get(name)) !== comparable(now.get(name)))
  return {
    taken: changed.filter(({ live }) => live).map(({ name }) => name),
    needRestart: changed.filter(({ live }) => !live).map(({ name }) => name),
  }
}

function comparable(value: unknown): string {
  return value instanceof Secret ? `secret ${value.reveal()}` : (JSON.stringify(value) ?? '')
}
