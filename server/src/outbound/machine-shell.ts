/** A command on a rented machine, over SSH. It goes to the far side's shell only; nothing of it is run here. */

import { createHash } from 'node:crypto'
import { connect, isIP, type Socket } from 'node:net'
import ssh2 from 'ssh2'
import type { SshAccess } from '../core/instances/machine.ts'
import { Secret } from '../core/secret.ts'
import { type Clock, secondMs } from '../core/time.ts'
import { isPublicAddress, publicLookup } from './address-rules.ts'

/** A CommonJS package whose names only its default export has. */
const { Client, utils } = ssh2

export interface MachineShell {
  /** Never throws: what went wrong is part of the outcome. */
  run(access: SshAccess, command: string, options: RunOptions): Promise<ShellOutcome>
}

export interface RunOptions {
  timeoutMs: number
  /** The machine's host key at our first visit, as a hash; null: whoever answers is taken for it. */
  hostKey: string | null
  signal?: AbortSignal
}

export interface ShellOutcome {
  result: 'done' | 'failed' | 'timed_out' | 'unreachable'
  /** Why, for people; and the end of what the command printed. */
  detail: string | null
  /** Who answered, as a hash; null when nobody did. */
  hostKey: string | null
}

export interface SshShellOptions {
  privateKey: () => Secret
  clock: Clock
  /** Machines are somewhere on the internet: an address of this network is none of them. */
  publicOnly?: boolean
}

const connectTimeoutMs = 20 * secondMs
const keptOutput = 2_000

export function sshShell({ privateKey, clock, publicOnly = true }: SshShellOptions): MachineShell {
  return {
    run(access, command, { timeoutMs, hostKey, signal }) {
      return new Promise((resolve) => {
        const client = new Client()
        const over = new AbortController()
        let seenKey: string | null = null
        let isOver = false
        let socket: Socket | undefined

        function end(result: ShellOutcome['result'], detail: string | null): void {
          if (isOver) return
          isOver = true
          over.abort()
          client.destroy()
          socket?.destroy()
          resolve({ result, detail, hostKey: seenKey })
        }
        function limit(ms: number, then: () => void): void {
          clock.sleep(ms, over.signal).then(then, () => {})
        }
        signal?.addEventListener('abort', () => end('timed_out', 'we had to go before it ended'), {
          signal: over.signal,
        })
        let isConnected = false
        limit(Math.min(connectTimeoutMs, timeoutMs), () => {
          if (!isConnected) end('unreachable', 'it did not answer in time')
        })

        // Trouble with the connection is told by whoever notices first.
        client.on('error', (error) => end(isConnected ? 'failed' : 'unreachable', error.message))
        client.on('close', () => end(isConnected ? 'failed' : 'unreachable', 'the connection was closed'))
        client.on('ready', () => {
          isConnected = true
          limit(timeoutMs, () => end('timed_out', `it took longer than ${Math.round(timeoutMs / secondMs)} s`))
          client.exec(command, (error, channel) => {
            if (error !== undefined) return end('failed', error.message)
            let output = ''
            const keep = (chunk: Buffer) => {
              output = `${output}${chunk.toString('utf8')}`.slice(-keptOutput)
            }
            channel.on('data', keep)
            channel.stderr.on('data', keep)
            channel.on('close', (code: number | null | undefined, killedBy?: string) => {
              if (code === 0) return end('done', lastLine(output))
              const how = code == null ? `it was ended by ${killedBy ?? 'something'}` : `it ended with ${code}`
              end('failed', [how, lastLine(output)].filter((part) => part !== null).join(': '))
            })
          })
        })

        if (publicOnly && isIP(access.host) !== 0 && !isPublicAddress(access.host)) {
          return end('unreachable', `${access.host} is not a public address`)
        }
        socket = connect({ host: access.host, port: access.port, ...(publicOnly && { lookup: publicLookup }) })
        socket.on('error', (error) => end('unreachable', error.message))
        try {
          client.connect({
            sock: socket,
            username: access.user,
            privateKey: privateKey().reveal(),
            // Ours, on our clock.
            readyTimeout: 0,
            hostVerifier: (key: Buffer) => {
              seenKey = createHash('sha256').update(key).digest('base64')
              if (hostKey === null || hostKey === seenKey) return true
              end('unreachable', 'its host key is another one than before; nothing was sent to it')
              return false
            },
          })
        } catch (error) {
          end('unreachable', error instanceof Error ? error.message : 'it could not be tried')
        }
      })
    },
  }
}

/** A key pair of this installation: ed25519, in OpenSSH's own form. */
export function newSshKey(): Secret {
  return new Secret(utils.generateKeyPairSync('ed25519', { comment: 'gpufleet' }).private)
}

/** The public half, as one line of an `authorized_keys` file. */
export function publicHalf(privateKey: Secret): string {
  const key = utils.parseKey(privateKey.reveal())
  if (key instanceof Error) throw new Error('the SSH key of this installation cannot be read', { cause: key })
  return `${key.type} ${key.getPublicSSH().toString('base64')} gpufleet`
}

function lastLine(output: string): string | null {
  const line = output.trim().split('\n').at(-1)?.trim() ?? ''
  return line === '' ? null : line.slice(-300)
}
