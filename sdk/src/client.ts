import { type Event, type Instance, type LaunchRequest, type OperationId, type Operations, routes } from './api.gen.ts'
import { errorFrom, GpufleetError, reasonOf, ServerUnreachableError, unexpectedReply } from './errors.ts'
import { eventStream, type StreamOptions } from './event-stream.ts'

export { type ErrorCode, GpufleetError, ServerUnreachableError } from './errors.ts'
export type { StreamOptions } from './event-stream.ts'

export interface ClientOptions {
  /** Where the server is: `http://127.0.0.1:8080`. '' in a web page that the server itself serves. */
  baseUrl: string
  apiKey?: string | undefined
  fetch?: typeof globalThis.fetch | undefined
  /** The longest that one call may take. Default 60 s; a plan may wait 10 s for slow marketplaces. */
  timeoutMs?: number | undefined
}

export interface CallOptions {
  signal?: AbortSignal | undefined
  /** For what changes something: makes repeating harmless for a day. The same key with the same request, the same answer. */
  idempotencyKey?: string | undefined
}

/** What an operation answers: `data`, and the fields that some have beside it. */
export type Reply<Id extends OperationId> = Omit<Operations[Id]['reply'] & object, 'success'>
export type LaunchReply = Omit<Reply<'launchInstance'>, 'data'> & { data: Instance }
export type Query<Id extends OperationId> = NonNullable<Operations[Id]['query']>

export type Client = ReturnType<typeof createClient>

interface Input<Id extends OperationId> extends CallOptions {
  params?: Operations[Id]['params']
  query?: Operations[Id]['query']
  body?: Operations[Id]['body']
  headers?: Record<string, string>
}

/** One method per operation, named as in docs/reference/openapi.json. */
export function createClient({ baseUrl, apiKey, fetch = globalThis.fetch, timeoutMs = 60_000 }: ClientOptions) {
  const origin = baseUrl.replace(/\/+$/, '')

  return {
    searchOffers: (query: Query<'searchOffers'> = {}, options?: CallOptions) =>
      call('searchOffers', { query, ...options }),
    searchOffersAdvanced: (body: Operations['searchOffersAdvanced']['body'], options?: CallOptions) =>
      call('searchOffersAdvanced', { body, ...options }),
    listGpuModels: (options?: CallOptions) => call('listGpuModels', { ...options }),
    setGpuModel: (name: string, body: Operations['setGpuModel']['body'], options?: CallOptions) =>
      call('setGpuModel', { params: { name }, body, ...options }),
    removeGpuModel: (name: string, options?: CallOptions) => call('removeGpuModel', { params: { name }, ...options }),
    listTemplates: (options?: CallOptions) => call('listTemplates', { ...options }),
    getTemplate: (name: string, options?: CallOptions) => call('getTemplate', { params: { name }, ...options }),
    listTemplateVersions: (name: string, options?: CallOptions) =>
      call('listTemplateVersions', { params: { name }, ...options }),
    createTemplate: (body: Operations['createTemplate']['body'], options?: CallOptions) =>
      call('createTemplate', { body, ...options }),
    changeTemplate: (name: string, body: Operations['changeTemplate']['body'], options?: CallOptions) =>
      call('changeTemplate', { params: { name }, body, ...options }),
    deleteTemplate: (name: string, options?: CallOptions) => call('deleteTemplate', { params: { name }, ...options }),
    listProviders: (query: Query<'listProviders'> = {}, options?: CallOptions) =>
      call('listProviders', { query, ...options }),
    getMarketplaceStats: (options?: CallOptions) => call('getMarketplaceStats', { ...options }),
    getPriceTrends: (query: Query<'getPriceTrends'> = {}, options?: CallOptions) =>
      call('getPriceTrends', { query, ...options }),
    getAvailability: (query: Query<'getAvailability'> = {}, options?: CallOptions) =>
      call('getAvailability', { query, ...options }),
    getBenchmarks: (query: Query<'getBenchmarks'> = {}, options?: CallOptions) =>
      call('getBenchmarks', { query, ...options }),

    planInstance: (body: LaunchRequest, options?: CallOptions) => call('planInstance', { body, ...options }),
    /** Rents. For a dry run use `planInstance`. */
    launchInstance: (body: Omit<LaunchRequest, 'dry_run'>, options?: CallOptions) =>
      call('launchInstance', { body, ...options }) as Promise<LaunchReply>,

    listInstances: (query: Query<'listInstances'> = {}, options?: CallOptions) =>
      call('listInstances', { query, ...options }),
    getInstance: (id: string, options?: CallOptions) => call('getInstance', { params: { id }, ...options }),
    listInstanceEvents: (id: string, query: Query<'listInstanceEvents'> = {}, options?: CallOptions) =>
      call('listInstanceEvents', { params: { id }, query, ...options }),
    getInstanceCosts: (id: string, options?: CallOptions) => call('getInstanceCosts', { params: { id }, ...options }),
    listInstanceLaunches: (id: string, options?: CallOptions) =>
      call('listInstanceLaunches', { params: { id }, ...options }),
    getInstanceLogs: (id: string, query: Query<'getInstanceLogs'> = {}, options?: CallOptions) =>
      call('getInstanceLogs', { params: { id }, query, ...options }),
    startInstance: (id: string, options?: CallOptions) => call('startInstance', { params: { id }, ...options }),
    stopInstance: (id: string, options?: CallOptions) => call('stopInstance', { params: { id }, ...options }),
    restartInstance: (id: string, options?: CallOptions) => call('restartInstance', { params: { id }, ...options }),
    /** `force`: without its checkpoint command, or waiting for it. */
    terminateInstance: (id: string, { force, ...options }: CallOptions & { force?: boolean | undefined } = {}) =>
      call('terminateInstance', { params: { id }, query: force === true ? { force: 'true' } : {}, ...options }),
    reportActivity: (id: string, body?: Operations['reportActivity']['body'], options?: CallOptions) =>
      call('reportActivity', { params: { id }, ...(body !== undefined && { body }), ...options }),
    snoozeInstance: (id: string, body?: Operations['snoozeInstance']['body'], options?: CallOptions) =>
      call('snoozeInstance', { params: { id }, ...(body !== undefined && { body }), ...options }),
    extendInstance: (id: string, body: Operations['extendInstance']['body'], options?: CallOptions) =>
      call('extendInstance', { params: { id }, body, ...options }),
    changePolicies: (id: string, body: Operations['changePolicies']['body'], options?: CallOptions) =>
      call('changePolicies', { params: { id }, body, ...options }),
    adoptInstance: (body: Operations['adoptInstance']['body'], options?: CallOptions) =>
      call('adoptInstance', { body, ...options }),
    releaseInstance: (id: string, body: Operations['releaseInstance']['body'], options?: CallOptions) =>
      call('releaseInstance', { params: { id }, body, ...options }),

    getCosts: (query: Query<'getCosts'> = {}, options?: CallOptions) => call('getCosts', { query, ...options }),
    /** As CSV, piece by piece. */
    exportCosts,
    getBillReconciliation: (query: Query<'getBillReconciliation'> = {}, options?: CallOptions) =>
      call('getBillReconciliation', { query, ...options }),

    listBudgets: (options?: CallOptions) => call('listBudgets', { ...options }),
    getBudget: (id: string, options?: CallOptions) => call('getBudget', { params: { id }, ...options }),
    createBudget: (body: Operations['createBudget']['body'], options?: CallOptions) =>
      call('createBudget', { body, ...options }),
    changeBudget: (id: string, body: Operations['changeBudget']['body'], options?: CallOptions) =>
      call('changeBudget', { params: { id }, body, ...options }),
    removeBudget: (id: string, options?: CallOptions) => call('removeBudget', { params: { id }, ...options }),

    getReconciliation: (options?: CallOptions) => call('getReconciliation', { ...options }),
    runReconciliation: (options?: CallOptions) => call('runReconciliation', { ...options }),

    listProviderVersions: (options?: CallOptions) => call('listProviderVersions', { ...options }),
    switchProvider: (name: string, enabled: boolean | null, options?: CallOptions) =>
      call('switchProvider', { params: { name }, body: { enabled }, ...options }),
    reloadSettings: (options?: CallOptions) => call('reloadSettings', { ...options }),

    whoami: (options?: CallOptions) => call('whoami', { ...options }),
    listKeys: (query: Query<'listKeys'> = {}, options?: CallOptions) => call('listKeys', { query, ...options }),
    createKey: (body: Operations['createKey']['body'], options?: CallOptions) =>
      call('createKey', { body, ...options }),
    rotateKey: (id: string, body: Operations['rotateKey']['body'], options?: CallOptions) =>
      call('rotateKey', { params: { id }, body, ...options }),
    revokeKey: (id: string, options?: CallOptions) => call('revokeKey', { params: { id }, ...options }),
    listProviderAccounts: (name: string, options?: CallOptions) =>
      call('listProviderAccounts', { params: { name }, ...options }),
    setProviderKey: (
      name: string,
      account: string,
      body: Operations['setProviderKey']['body'],
      options?: CallOptions,
    ) => call('setProviderKey', { params: { name, account }, body, ...options }),
    removeProviderKey: (name: string, account: string, options?: CallOptions) =>
      call('removeProviderKey', { params: { name, account }, ...options }),

    listAudit: (query: Query<'listAudit'> = {}, options?: CallOptions) => call('listAudit', { query, ...options }),
    verifyAudit: (options?: CallOptions) => call('verifyAudit', { ...options }),
    listOperations: (query: Query<'listOperations'> = {}, options?: CallOptions) =>
      call('listOperations', { query, ...options }),

    listWebhooks: (options?: CallOptions) => call('listWebhooks', { ...options }),
    addWebhook: (body: Operations['addWebhook']['body'], options?: CallOptions) =>
      call('addWebhook', { body, ...options }),
    getWebhook: (id: string, options?: CallOptions) => call('getWebhook', { params: { id }, ...options }),
    changeWebhook: (id: string, body: Operations['changeWebhook']['body'], options?: CallOptions) =>
      call('changeWebhook', { params: { id }, body, ...options }),
    removeWebhook: (id: string, options?: CallOptions) => call('removeWebhook', { params: { id }, ...options }),
    rotateWebhookSecret: (id: string, options?: CallOptions) =>
      call('rotateWebhookSecret', { params: { id }, ...options }),
    testWebhook: (id: string, options?: CallOptions) => call('testWebhook', { params: { id }, ...options }),
    listWebhookDeliveries: (id: string, query: Query<'listWebhookDeliveries'> = {}, options?: CallOptions) =>
      call('listWebhookDeliveries', { params: { id }, query, ...options }),
    replayWebhookDelivery: (id: string, delivery: string, options?: CallOptions) =>
      call('replayWebhookDelivery', { params: { id, delivery_id: delivery }, ...options }),

    streamEvents,
  } satisfies Record<OperationId, unknown>

  /** What happens, as it happens; over lost connections too, until `signal` aborts. */
  function streamEvents(options: StreamOptions = {}): AsyncIterable<Event> {
    return eventStream(options, {
      url: origin,
      open: (query, { headers, signal }) => send('streamEvents', { query, headers, signal }),
    })
  }

  async function* exportCosts(
    query: Query<'exportCosts'> = {},
    { signal }: Pick<CallOptions, 'signal'> = {},
  ): AsyncGenerator<Uint8Array> {
    const { body } = await send('exportCosts', { query, signal, headers: { accept: 'text/csv' } })
    try {
      for await (const piece of body ?? []) yield piece
    } catch (error) {
      // The beginning looks like a whole file.
      throw failure(error, signal)
    }
  }

  async function call<Id extends OperationId>(id: Id, input: Input<Id>): Promise<Reply<Id>> {
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = input.signal === undefined ? timeout : AbortSignal.any([input.signal, timeout])
    const response = await send(id, { ...input, signal })
    const text = await response.text().catch((error) => {
      throw failure(error, input.signal)
    })
    const envelope = jsonFrom(text)
    if (envelope === undefined) throw unexpectedReply(response, origin, text)
    const { success: _, ...reply } = envelope
    return reply as unknown as Reply<Id>
  }

  async function send<Id extends OperationId>(id: Id, input: Input<Id>): Promise<Response> {
    const { method, path } = routes[id]
    const url = `${origin}${pathFrom(path, input.params)}${queryFrom(input.query)}`
    const request: RequestInit = {
      method,
      headers: {
        accept: 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(input.body !== undefined && { 'content-type': 'application/json' }),
        ...(input.idempotencyKey !== undefined && { 'idempotency-key': input.idempotencyKey }),
        ...input.headers,
      },
      ...(input.body !== undefined && { body: JSON.stringify(input.body) }),
      ...(input.signal !== undefined && { signal: input.signal }),
    }
    const response = await fetch(url, request).catch((error) => {
      throw failure(error, input.signal)
    })
    if (!response.ok) throw await errorFrom(response, origin)
    return response
  }

  /** A caller who aborts gets the abort back; everything else means that there was no answer. */
  function failure(error: unknown, signal: AbortSignal | undefined): unknown {
    const aborted = signal?.aborted === true && (signal.reason as Error | undefined)?.name !== 'TimeoutError'
    return aborted ? signal.reason : new ServerUnreachableError(origin, reasonOf(error), error)
  }
}

function pathFrom(path: string, params: Record<string, string> | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params?.[name] ?? ''
    // '' and dots would change which resource is meant.
    if (/^\.{0,2}$/.test(value)) {
      throw new GpufleetError(`"${value}" is no ${name}`, {
        status: 0,
        code: 'invalid_request',
        fix: `name one: ${name}`,
        requestId: null,
      })
    }
    return encodeURIComponent(value)
  })
}

function queryFrom(query: object | undefined): string {
  const stated = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) if (value !== undefined) stated.append(name, String(value))
  return stated.size === 0 ? '' : `?${stated}`
}

function jsonFrom(text: string): { success: unknown; data: unknown } | undefined {
  try {
    const value = JSON.parse(text)
    return typeof value === 'object' && value !== null && value.success === true && 'data' in value ? value : undefined
  } catch {
    return undefined
  }
}
