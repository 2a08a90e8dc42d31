/**
 * What REST v2 accepts in bodies. Source: docs.runpod.io api-reference-v2/openapi.json of 2026-08-20 with the later
 * revision's additions (entrypoint, cmd, minRamPerGpu, minVcpuCountPerGpu, secrets). Every object rejects unknown keys.
 */

import type { Schema } from './validate.ts'

const text: Schema = { kind: 'string' }
const filledText: Schema = { kind: 'string', min: 1 }
const bool: Schema = { kind: 'boolean' }
const texts: Schema = { kind: 'array', items: text }
const cudaVersion: Schema = { kind: 'string', pattern: '^\\d+\\.\\d+$' }
const cudaVersions: Schema = { kind: 'array', items: cudaVersion }

const persistentMount: Schema = {
  kind: 'object',
  required: ['size', 'path'],
  fields: { size: { kind: 'integer', min: 10 }, path: text },
}

const networkMount: Schema = { kind: 'object', required: ['volumeId', 'path'], fields: { volumeId: text, path: text } }

const mounts: Schema = {
  kind: 'object',
  fields: { persistent: persistentMount, network: { kind: 'array', max: 1, items: networkMount } },
}

const templateMounts: Schema = { kind: 'object', fields: { persistent: persistentMount } }

const container: Record<string, Schema> = {
  image: text,
  args: text,
  entrypoint: texts,
  cmd: texts,
  disk: { kind: 'integer', min: 1 },
  env: { kind: 'map', values: text },
  ports: texts,
  registry: { kind: 'string', nullable: true },
}

export const createPod: Schema = {
  kind: 'object',
  required: ['name'],
  fields: {
    ...container,
    name: filledText,
    cloud: { kind: 'string', oneOf: ['SECURE', 'COMMUNITY'] },
    gpu: {
      kind: 'object',
      required: ['id'],
      fields: {
        id: text,
        count: { kind: 'integer', min: 1 },
        allowedCudaVersions: cudaVersions,
        minCudaVersion: cudaVersion,
        minRamPerGpu: { kind: 'integer', min: 1 },
        minVcpuCountPerGpu: { kind: 'integer', min: 1 },
      },
    },
    cpu: {
      kind: 'object',
      required: ['id', 'vcpuCount'],
      fields: { id: filledText, vcpuCount: { kind: 'integer', min: 2 } },
    },
    dataCenterIds: texts,
    globalNetworking: bool,
    mounts,
    startJupyter: bool,
    startSsh: bool,
    templateId: filledText,
  },
}

export const updatePod: Schema = {
  kind: 'object',
  fields: { ...container, name: filledText, globalNetworking: bool, locked: bool, mounts, templateId: text },
}

export const podAction: Schema = {
  kind: 'object',
  required: ['action'],
  fields: { action: { kind: 'string', oneOf: ['start', 'stop', 'restart', 'terminate'] } },
}

const templateFields: Record<string, Schema> = {
  ...container,
  name: filledText,
  allowedCudaVersions: cudaVersions,
  category: { kind: 'string', oneOf: ['CPU', 'NVIDIA', 'AMD'] },
  mounts: templateMounts,
  public: bool,
  serverless: bool,
  startJupyter: bool,
  startSsh: bool,
}

export const createTemplate: Schema = { kind: 'object', required: ['name', 'image'], fields: templateFields }
export const updateTemplate: Schema = { kind: 'object', fields: templateFields }

const volumeSize: Schema = { kind: 'integer', min: 10, max: 4096 }

export const createVolume: Schema = {
  kind: 'object',
  required: ['name', 'size', 'dataCenter'],
  fields: {
    name: filledText,
    size: volumeSize,
    dataCenter: filledText,
    type: { kind: 'string', oneOf: ['STANDARD', 'HIGH_PERFORMANCE'] },
  },
}

export const updateVolume: Schema = { kind: 'object', notEmpty: true, fields: { name: filledText, size: volumeSize } }

export const createRegistry: Schema = {
  kind: 'object',
  required: ['name', 'username', 'password'],
  fields: {
    name: { kind: 'string', min: 1, max: 191 },
    username: { kind: 'string', min: 1, max: 191 },
    password: { kind: 'string', min: 1, max: 16_384 },
  },
}

export const putSshKeys: Schema = {
  kind: 'object',
  required: ['keys'],
  fields: {
    keys: {
      kind: 'array',
      items: { kind: 'string', pattern: '^(ssh|ecdsa|sk)-[^\\s]+ [^\\s]+([ \\t][^\\n\\r]*)?$' },
    },
  },
}

const secretValue: Schema = { kind: 'string', min: 1, max: 16_777_216 }
const secretDescription: Schema = { kind: 'string', max: 65_535 }

export const createSecret: Schema = {
  kind: 'object',
  required: ['name', 'value'],
  fields: {
    name: { kind: 'string', min: 1, max: 191, pattern: '^[a-zA-Z_][a-zA-Z0-9_.\\-/]*$' },
    value: secretValue,
    description: secretDescription,
  },
}

export const updateSecret: Schema = {
  kind: 'object',
  notEmpty: true,
  fields: { value: secretValue, description: secretDescription },
}
