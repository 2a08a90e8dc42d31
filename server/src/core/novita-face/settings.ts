/** How contract 002 is served here. */
export interface NovitaFaceSettings {
  /** Whose machines are shown and rented. */
  provider: 'novita' | 'any'
  defaultRegion: string
  defaultGpuCount: number
  defaultRootfsGb: number
  startupTimeoutMs: number
  /** Where creations that name no webhook are told of; undefined: nowhere. */
  webhookUrl: string | undefined
  templateCacheMs: number
  /** Whether its limits for keyless callers are kept. */
  limitsKeyless: boolean
  /** More of what is inside may be told: not in production. */
  isDevelopment: boolean
}
