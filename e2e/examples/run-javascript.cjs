// Runs the JavaScript example in EXAMPLE. Documents show `await` beside `require`, which no Node runs: it is put into an async
// function. axios is stood in for where it is not installed.

'use strict'

const AsyncFunction = (async () => {}).constructor

const example = new AsyncFunction('require', process.env.EXAMPLE)
example((name) => (name === 'axios' ? axios(name) : require(name))).catch((error) => {
  console.error(error)
  process.exitCode = 1
})

function axios(name) {
  try {
    return require(name)
  } catch {
    return { get: (url) => send('GET', url), post: (url, data) => send('POST', url, data) }
  }
}

async function send(method, url, data) {
  const body = data === undefined ? {} : { body: JSON.stringify(data), headers: { 'Content-Type': 'application/json' } }
  const reply = await fetch(url, { method, ...body })
  const answer = { status: reply.status, headers: Object.fromEntries(reply.headers), data: await reply.json() }
  if (reply.ok) return answer
  throw Object.assign(new Error(`Request failed with status code ${reply.status}`), { response: answer })
}
