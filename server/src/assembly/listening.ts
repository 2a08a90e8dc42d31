import { createServer, type Server } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { answerClientErrors } from '../http/errors.ts'
import { patience } from '../http/server.ts'

export interface Listening {
  /** @returns the addresses */
  begin(): Promise<string[]>
  /** Takes no more connections, and lets those that are being served finish. */
  end(): Promise<void>
}

/** One HTTP face on each port: clients of several contracts expect it on theirs. */
export function listening(http: FastifyInstance, { host, ports }: Pick<Config, 'host' | 'ports'>): Listening {
  const further: Server[] = []
  return {
    async begin() {
      const [first = 0, ...others] = ports
      const addresses = [await http.listen({ host, port: first })]
      for (const port of others) {
        const server = createServer(patience, http.routing)
        server.on('clientError', answerClientErrors)
        further.push(server)
        await new Promise<void>((resolve, reject) => {
          server.once('error', reject)
          server.listen(port, host, resolve)
        })
        const address = server.address()
        addresses.push(`http://${host}:${typeof address === 'object' && address !== null ? address.port : port}`)
      }
      return addresses
    },

    async end() {
      const closed = further.map((server) => {
        const done = new Promise<void>((resolve) => server.close(() => resolve()))
        server.closeIdleConnections()
        return done
      })
      await http.close()
      await Promise.all(closed)
    },
  }
}
