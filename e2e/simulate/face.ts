import { AsyncLocalStorage } from 'node:async_hooks'
import { createHttpServer, type HttpDeps, type HttpOptions } from '../../server/src/http/server.ts'
import { logOn } from '../../server/src/observability/log.ts'

type App = Awaited<ReturnType<typeof createHttpServer>>

export interface FaceRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  url: string
  headers: Record<string, string>
  payload?: string
}

/** What one process stands behind the face. */
interface Behind {
  options: HttpOptions
  deps: HttpDeps
}

export interface Face {
  /** In place of `createHttpServer`: the real one, made once. */
  create: typeof createHttpServer
  /** A call that the process answers which was given to `as`. */
  call(process: object, request: FaceRequest): Promise<{ status: number; text: string }>
  /** Whatever runs in here belongs to this process. */
  as<T>(process: object, run: () => T): T
}

/**
 * The HTTP face of every simulated process. Making one takes longer than a whole scenario, and it keeps nothing; so there
 * is one, and each call finds behind it the process that it was sent to.
 */
export function createFace(): Face {
  const current = new AsyncLocalStorage<object>()
  const behind = new WeakMap<object, Behind>()
  let app: App | undefined

  /** The log is taken once, when routes are made. */
  const log = logOn((level, event, fields) => owner().options.log[level](event, fields), {})

  const through = <K extends keyof Behind>(which: K): Behind[K] =>
    new Proxy({} as Behind[K], {
      get: (_, name) => (name === 'log' ? log : Reflect.get(owner()[which], name)),
      has: (_, name) => Reflect.has(owner()[which], name),
      ownKeys: () => Reflect.ownKeys(owner()[which]),
      getOwnPropertyDescriptor: (_, name) => ({
        ...Reflect.getOwnPropertyDescriptor(owner()[which], name),
        configurable: true,
      }),
    })

  function owner(): Behind {
    const process = current.getStore()
    const found = process && behind.get(process)
    if (found === undefined) throw new Error('nobody stands behind this call')
    return found
  }

  return {
    async create(options, deps) {
      const process = current.getStore()
      if (process === undefined) throw new Error('a face is made for a process')
      behind.set(process, { options, deps })
      app ??= await createHttpServer(through('options'), through('deps'))
      return app
    },
    async call(process, request) {
      const face = app
      if (face === undefined) throw new Error('there is no face yet')
      // Awaited inside: the call is made only when somebody waits for it.
      const reply = await current.run(process, async () => await face.inject(request))
      return { status: reply.statusCode, text: reply.body }
    },
    as: (process, run) => current.run(process, run),
  }
}
