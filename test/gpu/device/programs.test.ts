// Graphs compiled once and kept, and what is said of one that does not run.
import { expect, test } from 'bun:test'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { programsOn } from '../../../src/gpu/device/programs.ts'
import { cut, input, op } from '../../../src/gpu/graph/graph.ts'

const device = await openDevice('cpu')

test('a graph that does not compile is shown as the cause of the error', () => {
  const programs = programsOn(device)
  const x = input('bf16', [4])
  const [from, to] = [device.alloc('bf16', [4]), device.alloc('bf16', [4])]
  let error: unknown
  try {
    programs.run('half', () => cut('half', { x }, { y: op('Log', [x]) }), { x: from }, { y: to })
  } catch (caught) {
    error = caught
  }
  expect(error).toBeInstanceOf(Error)
  expect(String(error)).toContain('Cannot compile half')
  expect((error as Error).cause).toMatch(
    /^graph half\(x: bf16\[4\]\)\n {2}(%\d+): bf16\[4\] = Log\(x\)\n {2}return y=\1$/,
  )
  programs.free()
})
