/**
 * Replaces what libraries take from the world: the date, timers and randomness. One seed is one run only when none of
 * them looks at a real clock or throws real dice.
 */

import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { Random } from '../../simulators/kit/random.ts'
import type { Timeline } from './timeline.ts'

/** @returns how to put everything back */
export function replaceGlobals(now: () => number, timeline: Timeline, random: Random): () => void {
  const undo: (() => void)[] = []
  const replace = (target: object, name: string, value: unknown) => {
    const before = Object.getOwnPropertyDescriptor(target, name)
    Object.defineProperty(target, name, { value, configurable: true, writable: true })
    undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Object.defineProperty(target, name, before)
    })
  }

  replace(globalThis, 'Date', dateOn(now))
  replace(Math, 'random', () => random.next())
  replace(globalThis.performance, 'now', () => now())
  for (const [name, value] of Object.entries(timersOn(timeline))) replace(globalThis, name, value)

  const fill = <T extends NodeJS.ArrayBufferView>(view: T): T => {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = random.int(0, 255)
    return view
  }
  const uuid = () => {
    const hex = random.hex(32)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
  replace(globalThis.crypto, 'getRandomValues', fill)
  replace(globalThis.crypto, 'randomUUID', uuid)
  replace(crypto, 'randomUUID', uuid)
  replace(crypto, 'randomBytes', (size: number) => fill(Buffer.alloc(size)))
  replace(crypto, 'randomFillSync', fill)
  replace(crypto, 'randomInt', (least: number, below?: number) =>
    below === undefined ? random.int(0, least - 1) : random.int(least, below - 1),
  )
  syncBuiltinESMExports()

  return () => {
    for (const back of undo.reverse()) back()
    syncBuiltinESMExports()
  }
}

function dateOn(now: () => number): DateConstructor {
  return new Proxy(Date, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: (target) => new target(now()).toString(),
    get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
  })
}

type Callback = (...given: unknown[]) => void

function timersOn(timeline: Timeline) {
  const timer = (callback: Callback, ms: number, given: unknown[], repeats: boolean) => {
    let callOff = () => {}
    const begin = () => {
      callOff = timeline.at(timeline.now() + Math.max(1, ms || 0), () => {
        if (repeats) begin()
        callback(...given)
      })
    }
    begin()
    const handle = {
      ref: () => handle,
      unref: () => handle,
      hasRef: () => false,
      refresh() {
        callOff()
        begin()
        return handle
      },
      close: () => callOff(),
      [Symbol.dispose]: () => callOff(),
    }
    return handle
  }
  const clear = (handle?: { close?: () => void }) => handle?.close?.()
  return {
    setTimeout: (callback: Callback, ms: number, ...given: unknown[]) => timer(callback, ms, given, false),
    setInterval: (callback: Callback, ms: number, ...given: unknown[]) => timer(callback, ms, given, true),
    clearTimeout: clear,
    clearInterval: clear,
  }
}
