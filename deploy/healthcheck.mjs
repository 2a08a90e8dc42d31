// Asks the server in this container whether it is ready: it serves, and its database answers. Ends with 0 or 1.

const [port] = (process.env.PORT ?? '8080').split(',')
try {
  const reply = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4_000) })
  process.exitCode = reply.ok ? 0 : 1
} catch (error) {
  console.error(`no answer on port ${port}: ${error.message}`)
  process.exitCode = 1
}
