/** Calls of a real server, and waiting in real time for what they lead to. */

export async function ask(url: string, method: string, path: string, body?: unknown) {
  const reply = await fetch(`${url}${path}`, {
    method,
    ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  return { status: reply.status, body: (await reply.json()) as any }
}

/** @throws Error when it does not happen in time */
export async function until<T>(look: () => Promise<T | undefined | false>, withinMs = 60_000): Promise<T> {
  for (const end = Date.now() + withinMs; ; ) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`it did not happen within ${withinMs / 1_000} s`)
    await sleep(100)
  }
}

/** @returns the id of a new instance that is ready. A server that has just begun may not know the market yet. */
export async function launchReady(url: string, wish: object): Promise<string> {
  const { id } = await until(async () => {
    const { status, body } = await ask(url, 'POST', '/api/v1/instances', wish)
    return status === 201 && body.data
  })
  await until(async () => (await ask(url, 'GET', `/api/v1/instances/${id}`)).body.data.status === 'ready')
  return id
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
