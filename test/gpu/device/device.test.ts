// Tensors, bindings and errors of a device, on the CPU.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { openDevice } from '../../../src/gpu/device/open.ts'
import { HoneError } from '../../../src/error.ts'
import { dtypes, type DType } from '../../../src/gpu/graph/tensor.ts'
import { model } from '../model.ts'

const device = await openDevice('cpu', { threads: 2 })
const add = model(
  [{ op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] }],
  { a: ['n', 2], b: ['n', 2] },
  { sum: ['n', 2] },
)

function floats(shape: number[], values: number[]) {
  const tensor = device.alloc('f32', shape)
  device.upload(tensor, Float32Array.from(values))
  return tensor
}

test('what is uploaded comes down again, for every element type and also for scalars and empty tensors', () => {
  for (const dtype of Object.keys(dtypes) as DType[]) {
    for (const shape of [[], [0], [3], [2, 0, 4], [2, 3, 4]]) {
      const tensor = device.alloc(dtype, shape)
      const count = shape.reduce((a, b) => a * b, 1)
      const sent = new dtypes[dtype].array(count)
      crypto.getRandomValues(new Uint8Array(sent.buffer))
      device.upload(tensor, sent)
      const received = device.download(tensor)
      expect(received).toBeInstanceOf(dtypes[dtype].array)
      expect(received).toHaveLength(count)
      expect(bytesOf(received)).toEqual(bytesOf(sent))
      device.free(tensor)
    }
  }
})

test('part of an array uploads that part', () => {
  const tensor = device.alloc('f32', [2])
  device.upload(tensor, Float32Array.of(1, 2, 3, 4).subarray(1, 3))
  expect([...device.download(tensor)]).toEqual([2, 3])
})

test('a new tensor is zero, also in memory that another one left', () => {
  for (let i = 0; i < 50; i++) {
    const tensor = device.alloc('f32', [1000])
    expect(device.download(tensor).every((x) => x === 0)).toBe(true)
    device.upload(tensor, new Float32Array(1000).fill(7))
    device.free(tensor)
  }
})

test('a graph computes on bound tensors, and binding a name again replaces its tensor', () => {
  const session = device.compile(add, 'add')
  const sum = device.alloc('f32', [2, 2])
  const b = floats([2, 2], [10, 20, 30, 40])
  const binding = session
    .bind()
    .input('a', floats([2, 2], [1, 2, 3, 4]))
    .input('b', b)
    .output('sum', sum)
  binding.run()
  expect([...device.download(sum)]).toEqual([11, 22, 33, 44])
  binding.input('a', b).run()
  expect([...device.download(sum)]).toEqual([20, 40, 60, 80])
  const wide = device.alloc('f32', [1, 2])
  const row = floats([1, 2], [1, 1])
  binding.input('a', row).input('b', row).output('sum', wide).run()
  expect([...device.download(wide)]).toEqual([2, 2])
  binding.free()
  session.free()
})

test('a view shares the memory of its tensor at any offset', () => {
  const whole = device.alloc('f32', [8, 2])
  const session = device.compile(add, 'add')
  const binding = session
    .bind()
    .input('a', floats([2, 2], [1, 2, 3, 4]))
    .input('b', floats([2, 2], [0, 0, 0, 1]))
  for (const row of [0, 3, 6]) binding.output('sum', device.view(whole, [2, 2], row * 2)).run()
  expect([...device.download(whole)]).toEqual([1, 2, 3, 5, 0, 0, 1, 2, 3, 5, 0, 0, 1, 2, 3, 5])
  const tail = device.view(device.view(whole, [4, 2], 8), [2], 4)
  expect([...device.download(tail)]).toEqual([1, 2])
  device.upload(tail, Float32Array.of(8, 9))
  expect([...device.download(whole).slice(12, 14)]).toEqual([8, 9])
  device.free(tail)
  expect(device.download(whole).length).toBe(16)
  expect(() => device.view(whole, [2, 2], 13)).toThrow('elements 13 to 17 are not all within a tensor [8,2]')
})

test('any view of any view reads the elements that its offsets name', () => {
  const size = 64
  const whole = floats(
    [size],
    Array.from({ length: size }, (_, i) => i),
  )
  fc.assert(
    fc.property(fc.nat(size), fc.nat(size), fc.nat(size), fc.nat(size), (start, length, inner, innerLength) => {
      fc.pre(start + length <= size && inner + innerLength <= length)
      const view = device.view(device.view(whole, [length], start), [innerLength], inner)
      expect([...device.download(view)]).toEqual(Array.from({ length: innerLength }, (_, i) => start + inner + i))
    }),
  )
})

test('stretches are copied from where they lie to where they shall, and never beyond a tensor', () => {
  const from = floats([3, 4], [0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23])
  const to = floats([3, 3], new Array(9).fill(-1))
  device.copy(from, to, { width: 2, count: 3, from: 1, fromPitch: 4, to: 0, toPitch: 3 })
  expect([...device.download(to)]).toEqual([1, 2, -1, 11, 12, -1, 21, 22, -1])
  const part = device.view(to, [2, 3], 3)
  device.copy(from, part, { width: 3, count: 2, from: 0, fromPitch: 4, to: 0, toPitch: 3 })
  expect([...device.download(to)]).toEqual([1, 2, -1, 0, 1, 2, 10, 11, 12])
  const wrong = { width: 2, count: 3, from: 1, fromPitch: 4, to: 0, toPitch: 3 }
  for (const change of [{ count: 4 }, { from: 3 }, { to: -1 }, { toPitch: 1 }])
    expect(() => device.copy(from, to, { ...wrong, ...change })).toThrow('stretches')
})

test('an output bound to the tensor of an input updates it in place', () => {
  const session = device.compile(add, 'add')
  const total = floats([1, 2], [0, 100])
  const binding = session
    .bind()
    .input('a', total)
    .input('b', floats([1, 2], [1, 2]))
    .output('sum', total)
  for (let i = 0; i < 5; i++) binding.run()
  expect([...device.download(total)]).toEqual([5, 110])
})

test('a model that cannot be compiled is refused with its name and the reason', () => {
  expect(() => device.compile(Uint8Array.of(1, 2, 3), 'the broken one')).toThrow(
    /Cannot compile the broken one: .*protobuf/i,
  )
  const unknown = model([{ op: 'Frobnicate', inputs: ['a'], outputs: ['y'] }], { a: [1] }, { y: [1] })
  expect(() => device.compile(unknown, 'head')).toThrow(/Cannot compile head: .*Frobnicate/s)
})

test('a tensor of the wrong shape, type or name is refused with the reason', () => {
  const session = device.compile(add, 'add')
  const two = floats([1, 2], [1, 2])
  expect(() => session.bind().input('c', two)).toThrow(/Cannot bind input c: /)
  const wrong = session
    .bind()
    .input('a', floats([1, 3], [1, 2, 3]))
    .input('b', two)
    .output('sum', two)
  expect(() => wrong.run()).toThrow(
    /Cannot run add: .*Got invalid dimensions for input: a.*index: 1 Got: 3 Expected: 2/s,
  )
  const short = session
    .bind()
    .input('a', two)
    .input('b', two)
    .output('sum', device.alloc('f32', [2, 2]))
  expect(() => short.run()).toThrow(/Cannot run add: .*\{2,2\}.*\{1,2\}/s)
  const half = session
    .bind()
    .input('a', two)
    .input('b', device.alloc('f16', [1, 2]))
    .output('sum', device.alloc('f32', [1, 2]))
  expect(() => half.run()).toThrow(/Cannot run add: .*float16/s)
  expect(() => device.upload(two, Float32Array.of(1))).toThrow('1 elements of Float32Array do not fill f32 [1,2]')
})

test('a freed tensor, and every view of it, cannot be used any more', () => {
  const session = device.compile(add, 'add')
  const whole = floats([2, 2], [1, 2, 3, 4])
  const view = device.view(whole, [1, 2], 2)
  const two = floats([1, 2], [1, 1])
  const binding = session
    .bind()
    .input('a', view)
    .input('b', two)
    .output('sum', device.alloc('f32', [1, 2]))
  binding.run()
  const data = device.download(whole)
  device.free(whole)
  device.free(whole)
  device.free(view)
  expect(data.length).toBe(0)
  expect(() => binding.run()).toThrow('used after it was freed')
  expect(() => device.download(view)).toThrow('used after it was freed')
  expect(() => session.bind().input('a', whole)).toThrow(HoneError)
  binding.input('a', two).run()
})

test('a freed view cannot be bound, while its tensor and what was bound to it before go on', () => {
  const session = device.compile(add, 'add')
  const whole = floats([2, 2], [1, 2, 3, 4])
  const view = device.view(whole, [1, 2], 2)
  const sum = device.alloc('f32', [1, 2])
  const binding = session.bind().input('a', view).input('b', view).output('sum', sum)
  device.free(view)
  device.free(floats([1], [0]))
  binding.run()
  expect([...device.download(sum)]).toEqual([6, 8])
  expect(() => session.bind().input('a', view)).toThrow('used after it was freed')
})

test('what does not fit into memory is for the user to make smaller', () => {
  const allocate = () => device.alloc('f32', [2 ** 20, 2 ** 20])
  expect(allocate).toThrow('Cannot allocate 4096.0 GiB of memory')
  expect(allocate).toThrow(expect.objectContaining({ exit: 2 }))
})

test('the counters say what was moved and run', () => {
  const before = { ...device.counters }
  const two = floats([1, 2], [1, 2])
  device.compile(add, 'add').bind().input('a', two).input('b', two).output('sum', two).run()
  device.download(two)
  const grown = Object.entries(device.counters).map(([name, count]) => [
    name,
    count - before[name as keyof typeof before],
  ])
  expect(Object.fromEntries(grown)).toEqual({ uploads: 1, downloads: 1, bytesUp: 8, bytesDown: 8, runs: 1 })
})

test('a profiled session tells the time of its operators', () => {
  const session = device.compile(add, 'add', { profile: true })
  const two = floats([1, 2], [1, 2])
  const binding = session
    .bind()
    .input('a', two)
    .input('b', two)
    .output('sum', device.alloc('f32', [1, 2]))
  binding.run()
  binding.run()
  expect(session.profile()).toEqual([{ op: 'Add', calls: 2, milliseconds: expect.any(Number) }])
  expect(session.profile()).toEqual([])
  binding.free()
  session.free()
})

test('thousands of tensors, views, bindings and runs leave no memory behind', () => {
  const session = device.compile(add, 'add')
  const round = () => {
    for (let i = 0; i < 400; i++) {
      const whole = device.alloc('f32', [2, 65_536, 2])
      const a = device.view(whole, [65_536, 2])
      const b = device.view(whole, [65_536, 2], 131_072)
      session.bind().input('a', a).input('b', b).output('sum', a).run()
      const binding = session.bind().input('a', a).input('b', b).output('sum', b)
      binding.run()
      binding.free()
      device.free(whole)
    }
  }
  const growth = () => {
    Bun.gc(true)
    const before = process.memoryUsage.rss()
    round()
    Bun.gc(true)
    return process.memoryUsage.rss() - before
  }
  round()
  // What is left behind is left behind by every round (400 MB where it is the tensors); what else the process does comes and goes.
  expect(Math.min(...Array.from({ length: 5 }, growth))).toBeLessThan(8e6)
})

function bytesOf(data: NodeJS.TypedArray): number[] {
  return [...new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]
}
