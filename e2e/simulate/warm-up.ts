import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configFrom } from '../../server/src/config/config.ts'
import { assemble } from '../../server/src/main.ts'
import { silentLog } from '../../server/src/observability/collecting-log.ts'
import { virtualClock } from '../../server/src/testing/virtual-clock.ts'
import type { Face } from './face.ts'

/** Makes the HTTP face while time is still real: it reads files, and no simulated moment waits for those. */
export async function warmUp(face: Face): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-simulate-'))
  const process = {}
  await face.as(process, () =>
    assemble(configFrom({ DATA_DIR: dataDir, RATE_LIMIT_ENABLED: 'false' }), {
      clock: virtualClock(),
      log: silentLog(),
      createHttp: face.create,
    }),
  )
  await face.call(process, { method: 'GET', url: '/healthz', headers: {} })
  rmSync(dataDir, { recursive: true, force: true })
}
