import { silentLog } from '../observability/collecting-log.ts'
import { createHttpServer, type HttpDeps } from './server.ts'

/** The OpenAPI file, made from the routes alone: nothing is asked of the parts behind them. */
export async function openApiDocument(version: string): Promise<unknown> {
  const nothing = {} as HttpDeps
  const app = await createHttpServer(
    {
      version,
      marketLabel: undefined,
      access: { adminKey: undefined, keyless: 'loopback' },
      cors: false,
      rateLimit: { enabled: false, perMinute: 0 },
      docs: false,
      metrics: true,
      webDir: undefined,
      log: silentLog(),
    },
    nothing,
  )
  try {
    return app.swagger()
  } finally {
    await app.close()
  }
}
