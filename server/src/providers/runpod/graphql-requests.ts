import type { GraphqlDeployInput } from './graphql-mapping.ts'
import type { CatalogueQuestion } from './offers.ts'
import type { Effect, RunpodOperation } from './requests.ts'

/**
 * One query or mutation. The texts are constants; every value travels in `variables`, because a value inside the text could
 * break or change the query, and would end in errors (runpod-python does it that way).
 *
 * @source providers/runpod.md 3.2, 3.3; the types of the variables as production clients declare them
 */
export interface GraphqlCall {
  operation: RunpodOperation | 'balance'
  query: string
  variables: Readonly<Record<string, unknown>>
  repeat: 'safe' | 'once'
  effect: Effect
  timeoutMs?: number
  secrets?: readonly string[]
}

const gpuTypeFields = `
    id
    displayName
    manufacturer
    memoryInGb
    maxGpuCount
    secureCloud
    communityCloud
    securePrice
    communityPrice
    lowestPrice(input: {gpuCount: $gpuCount, secureCloud: $secureCloud}) {
      uninterruptablePrice
      minimumBidPrice
      stockStatus
    }`

const gpuTypesQuery = `query GpuTypes($gpuCount: Int!, $secureCloud: Boolean!) {
  gpuTypes {${gpuTypeFields}
  }
}`

const gpuTypeQuery = `query GpuType($id: String!, $gpuCount: Int!, $secureCloud: Boolean!) {
  gpuTypes(input: {id: $id}) {${gpuTypeFields}
  }
}`

const podFields = `
      id
      name
      desiredStatus
      lastStatusChange
      costPerHr
      gpuCount
      podType
      containerDiskInGb
      volumeInGb
      ports
      machine { gpuDisplayName dataCenterId }
      runtime { ports { ip isIpPublic privatePort publicPort type } }`

const podsQuery = `query Pods {
  myself {
    pods {${podFields}
    }
  }
}`

const podQuery = `query Pod($podId: String!) {
  pod(input: {podId: $podId}) {${podFields}
  }
}`

const deployMutation = `mutation Deploy($input: PodFindAndDeployOnDemandInput!) {
  podFindAndDeployOnDemand(input: $input) {
    id
    costPerHr
  }
}`

const terminateMutation = `mutation Terminate($podId: String!) {
  podTerminate(input: {podId: $podId})
}`

const balanceQuery = `query Balance {
  myself {
    clientBalance
  }
}`

export function gpuTypesCall(question: CatalogueQuestion): GraphqlCall {
  return read('search', gpuTypesQuery, variablesOf(question))
}

export function gpuTypeCall(id: string, question: CatalogueQuestion): GraphqlCall {
  return read('quote', gpuTypeQuery, { id, ...variablesOf(question) })
}

export function podsCall(): GraphqlCall {
  return read('list', podsQuery, {})
}

export function podCall(podId: string): GraphqlCall {
  return read('one', podQuery, { podId })
}

/** Sent once: a repeat is a second machine. */
export function deployCall(input: GraphqlDeployInput): GraphqlCall {
  return {
    operation: 'launch',
    query: deployMutation,
    variables: { input },
    repeat: 'once',
    effect: 'launch',
    timeoutMs: 60_000,
    secrets: input.env.map(({ value }) => value),
  }
}

export function terminatePodCall(podId: string): GraphqlCall {
  return { operation: 'terminate', query: terminateMutation, variables: { podId }, repeat: 'safe', effect: 'change' }
}

/** Not worth a repeat: without an answer the balance is unknown. */
export function balanceCall(): GraphqlCall {
  return { ...read('balance', balanceQuery, {}), repeat: 'once' }
}

function read(operation: GraphqlCall['operation'], query: string, variables: GraphqlCall['variables']): GraphqlCall {
  return { operation, query, variables, repeat: 'safe', effect: 'harmless' }
}

function variablesOf({ cloud, count }: CatalogueQuestion) {
  return { gpuCount: count, secureCloud: cloud === 'SECURE' }
}
