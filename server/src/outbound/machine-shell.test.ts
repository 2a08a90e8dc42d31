import { createServer, type Server as TcpServer } from 'node:net'
import ssh2 from 'ssh2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../core/secret.ts'
import { minuteMs } from '../core/time.ts'
import { systemClock } from '../observability/system-clock.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { newSshKey, publicHalf, sshShell } from './machine-shell.ts'

const ours = newSshKey()
const anybodysKey = () => ssh2.utils.generateKeyPairSync('ed25519').private
const options = { timeoutMs: minuteMs, hostKey: null }

let machine: Awaited<ReturnType<typeof aMachineThat>>
afterEach(async () => machine?.close())

describe('a command', () => {
  beforeEach(async () => {
    machine = await aMachineThat((command, channel) => {
      channel.stdout.write(`got: ${command}\n`)
      channel.exit(command.includes('fail') ? 3 : 0)
      channel.end()
    })
  })
  const shell = sshShell({ privateKey: () => ours, clock: systemClock(), publicOnly: false })

  test('reaches the far side’s shell as it is, signed in with the key of this installation', async () => {
    const command = `save '$(id)' && echo "done"; # \`x\``
    expect(await shell.run(machine.access, command, options)).toMatchObject({
      result: 'done',
      detail: `got: ${command}`,
    })
    expect(machine.users).toEqual(['root'])
  })

  test('that fails says how', async () => {
    expect(await shell.run(machine.access, 'fail', options)).toMatchObject({
      result: 'failed',
      detail: 'it ended with 3: got: fail',
    })
  })

  test('is not sent to a machine with another host key than before', async () => {
    const { hostKey } = await shell.run(machine.access, 'one', options)
    expect(hostKey).not.toBeNull()
    expect(await shell.run(machine.access, 'two', { ...options, hostKey })).toMatchObject({ result: 'done', hostKey })
    expect(await shell.run(machine.access, 'three', { ...options, hostKey: 'another' })).toMatchObject({
      result: 'unreachable',
      detail: expect.stringContaining('host key'),
    })
    expect(machine.commands).toEqual(['one', 'two'])
  })

  test('is not sent without the right key', async () => {
    const stranger = sshShell({ privateKey: newSshKey, clock: systemClock(), publicOnly: false })
    expect(await stranger.run(machine.access, 'one', options)).toMatchObject({ result: 'unreachable' })
    expect(machine.commands).toEqual([])
  })

  test.each(['127.0.0.1', 'localhost', '169.254.169.254', '::1'])(
    'is not sent to %s: no machine is there',
    async (host) => {
      const careful = sshShell({ privateKey: () => ours, clock: systemClock() })
      expect(await careful.run({ ...machine.access, host }, 'one', options)).toMatchObject({
        result: 'unreachable',
        detail: expect.stringContaining('not a public address'),
      })
      expect(machine.commands).toEqual([])
    },
  )
})

test('one that does not end is left alone at its limit', async () => {
  const clock = virtualClock()
  let begun = () => {}
  const running = new Promise<void>((resolve) => {
    begun = resolve
  })
  machine = await aMachineThat(() => begun())
  const shell = sshShell({ privateKey: () => ours, clock, publicOnly: false })
  const outcome = shell.run(machine.access, 'sleep forever', options)
  await running
  // The answer to the request has to arrive before its limit is counted.
  await clock.advance(minuteMs)

  expect(await outcome).toMatchObject({ result: 'timed_out', detail: 'it took longer than 60 s' })
})

test('a machine that does not answer is not waited for', async () => {
  const clock = virtualClock()
  let connected = () => {}
  const knocked = new Promise<void>((resolve) => {
    connected = resolve
  })
  const mute: TcpServer = createServer(() => connected())
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const address = mute.address() as { port: number }
  const shell = sshShell({ privateKey: () => ours, clock, publicOnly: false })
  const outcome = shell.run({ host: '127.0.0.1', port: address.port, user: 'root' }, 'one', options)
  await knocked
  await clock.advance(minuteMs)

  expect(await outcome).toMatchObject({ result: 'unreachable', detail: 'it did not answer in time' })
  mute.close()
})

test('the key of this installation prints nowhere, and its public half is one line', () => {
  expect(String(ours)).toBe('[secret]')
  expect(publicHalf(ours)).toMatch(/^ssh-ed25519 [A-Za-z0-9+/=]{60,} gpufleet$/)
  expect(() => publicHalf(new Secret('nonsense'))).toThrow('cannot be read')
})

interface Channel {
  stdout: { write(text: string): void }
  exit(code: number): void
  end(): void
}

/** An SSH server that lets only our key in. */
async function aMachineThat(answers: (command: string, channel: Channel) => void) {
  const commands: string[] = []
  const users: string[] = []
  const trusted = ssh2.utils.parseKey(publicHalf(ours))
  if (trusted instanceof Error) throw trusted
  const server = new ssh2.Server({ hostKeys: [anybodysKey()] }, (client) => {
    client.on('error', () => {})
    client.on('authentication', (context) => {
      users.push(context.username)
      const isOurs = context.method === 'publickey' && context.key.data.equals(trusted.getPublicSSH())
      if (isOurs) context.accept()
      else context.reject(['publickey'])
    })
    client.on('session', (accept) => {
      accept().on('exec', (acceptExec, _reject, { command }) => {
        commands.push(command)
        answers(command, acceptExec() as unknown as Channel)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return {
    access: { host: '127.0.0.1', port, user: 'root' },
    commands,
    get users() {
      return [...new Set(users)]
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
