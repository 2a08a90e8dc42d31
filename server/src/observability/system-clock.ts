import type { Clock } from '../core/time.ts'

/** `setTimeout` cannot hold more (24.8 days); given more it fires at once. */
const longestTimerMs = 2_147_483_647

export interface SystemClockOptions {
  /**
   * Whether a sleep keeps the process running. Default true: a worker that has nothing open but a sleep must not just end.
   * To shut down, abort the sleeps.
   */
  keepsProcessAlive?: boolean
}

/** The real time. Globals are read at each call, so that a simulation can replace them at any moment. */
export function systemClock({ keepsProcessAlive = true }: SystemClockOptions = {}): Clock {
  async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    let leftMs = ms
    do {
      const stepMs = Math.min(leftMs, longestTimerMs)
      await oneTimer(stepMs, keepsProcessAlive, signal)
      leftMs -= stepMs
    } while (leftMs > 0)
  }

  return { now: () => Date.now(), sleep }
}

function oneTimer(ms: number, keepsProcessAlive: boolean, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)

    const timer = setTimeout(finish, Math.max(0, ms))
    if (!keepsProcessAlive) timer.unref()
    signal?.addEventListener('abort', giveUp, { once: true })

    function finish(): void {
      signal?.removeEventListener('abort', giveUp)
      resolve()
    }
    function giveUp(): void {
      clearTimeout(timer)
      reject(signal?.reason)
    }
  })
}
