// Compiled sessions that idle: handed on once, to a model of the same bytes and runtime, and never too many of them.
import { expect, test } from 'bun:test'
import { idleSessions } from '../../../src/gpu/device/idle.ts'
import type { Handle, Ort } from '../../../src/gpu/ort/ort.ts'

const session = (id: number) => id as Handle<'session'>
const runtime = (released: unknown[] = []) =>
  ({ releaseSession: (each: unknown) => void released.push(each) }) as unknown as Ort

test('a session goes to whoever compiles the same model next, and to nobody else', () => {
  const ort = runtime()
  const idle = idleSessions(ort)
  idle.give(Uint8Array.of(1, 2), session(1))
  idle.give(Uint8Array.of(1, 2), session(2))
  expect(idle.take(Uint8Array.of(1, 3))).toBeUndefined()
  expect(idleSessions(runtime()).take(Uint8Array.of(1, 2))).toBeUndefined()
  // Devices over one runtime share them.
  const again = idleSessions(ort)
  expect([0, 1, 2].map(() => again.take(Uint8Array.of(1, 2)))).toEqual([session(2), session(1), undefined])
})

test('of more than are kept the one that idles longest is released', () => {
  const released: unknown[] = []
  const idle = idleSessions(runtime(released))
  for (let id = 1; id <= 300; id++) idle.give(Uint8Array.of(id >> 8, id & 255), session(id))
  expect(released).toEqual(Array.from({ length: 44 }, (_, i) => session(i + 1)))
  expect(idle.take(Uint8Array.of(0, 44))).toBeUndefined()
  expect(idle.take(Uint8Array.of(0, 45))).toBe(session(45))
})
