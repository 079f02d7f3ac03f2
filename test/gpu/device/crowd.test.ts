// Whether others want the cores: what is seen of them, and that graphs compute the same whether threads spin or sleep.
import { expect, test } from 'bun:test'
import { coresAllowed, crowdWatch, usualThreads } from '../../../src/gpu/device/crowd.ts'
import { hostBackend } from '../../../src/gpu/device/host.ts'
import { programsOn } from '../../../src/gpu/device/programs.ts'
import { deviceOver } from '../../../src/gpu/device/resident.ts'
import { cut, input, op } from '../../../src/gpu/graph/graph.ts'
import { libraryPath } from '../../../src/gpu/ort/library.ts'
import { openOrt } from '../../../src/gpu/ort/ort.ts'

/** A watch over a machine that is told how many cores others and this process keep busy, second by second. */
function watched({ threads, cores }: { threads: number; cores: number }) {
  const total = { at: 0, machine: 0, own: 0 }
  const crowded = crowdWatch({ threads, cores }, { now: () => total.at, use: () => ({ ...total }) })
  return (others: number, own: number, seconds = 1) => {
    total.at += seconds
    total.machine += (others + own) * seconds
    total.own += own * seconds
    return crowded()
  }
}

test('others that leave the threads too few cores are a crowd, and stay one until they have been quiet for five seconds', () => {
  const look = watched({ threads: 2, cores: 2 })
  expect([look(0, 2), look(0.1, 1.8), look(1, 1)]).toEqual([false, false, true])
  expect([look(0, 2), look(0, 2), look(0.9, 1.1)]).toEqual([true, true, true])
  expect([look(0, 2), look(0, 2), look(0, 2), look(0, 2), look(0, 2)]).toEqual([true, true, true, true, false])
})

test('what this process spends is no crowd, nor are others on cores that no thread needs', () => {
  expect(watched({ threads: 2, cores: 2 })(0, 2)).toBe(false)
  expect(watched({ threads: 2, cores: 8 })(6, 2)).toBe(false)
  expect(watched({ threads: 4, cores: 8 })(6, 2)).toBe(true)
})

test('the first quarter of a second says who else computes, and from then on every second', () => {
  const look = watched({ threads: 2, cores: 2 })
  expect([look(2, 0, 0.2), look(2, 0, 0.1)]).toEqual([false, true])
  const later = watched({ threads: 2, cores: 2 })
  expect([later(0, 2, 0.3), later(2, 0, 0.5), later(2, 0, 0.4), later(2, 0, 0.2)]).toEqual([false, false, false, true])
})

test('a control group that allows two and a half cores gives three threads, one without a limit all of them', () => {
  const all = coresAllowed('max')
  expect(all).toBeGreaterThan(0)
  expect(coresAllowed('250000 100000')).toBe(Math.min(3, all))
  expect(coresAllowed('max 100000')).toBe(all)
  expect(coresAllowed('10000 100000')).toBe(1)
})

test('HONE_THREADS says how many threads there are where no setting does, and has to be a number of them', () => {
  expect([usualThreads('3'), usualThreads(''), usualThreads('null')]).toEqual([3, coresAllowed(), coresAllowed()])
  for (const wrong of ['0', '-1', '1.5', 'many'])
    expect(() => usualThreads(wrong)).toThrow(
      `HONE_THREADS must be a whole number of at least 1: current value is "${wrong}"`,
    )
})

test('a graph is compiled anew where a crowd comes or goes, and computes the same bits', async () => {
  let crowd = false
  const ort = openOrt(await libraryPath(), 2)
  const device = deviceOver(
    ort,
    hostBackend(ort, () => crowd),
  )
  const compiled: boolean[] = []
  const counted = {
    ...device,
    compile: (...words: Parameters<typeof device.compile>) => {
      compiled.push(crowd)
      return device.compile(...words)
    },
  }
  const programs = programsOn(counted)
  const [a, b, c] = [device.alloc('f32', [300, 200]), device.alloc('f32', [200, 100]), device.alloc('f32', [300, 100])]
  for (const each of [a, b])
    device.upload(
      each,
      Float32Array.from({ length: each.shape[0]! * each.shape[1]! }, (_, i) => Math.sin(i)),
    )
  const product = () => {
    const [x, y] = [input('f32', [300, 200]), input('f32', [200, 100])]
    return cut('product', { x, y }, { z: op('FusedMatMul', [x, y], { transA: 0, transB: 0, alpha: 1 }) })
  }
  const run = (crowded: boolean) => {
    crowd = crowded
    programs.run('product', product, { x: a, y: b }, { z: c })
    return device.download(c).slice()
  }
  const results = [false, false, true, true, false].map(run)
  expect(compiled).toEqual([false, true, false])
  for (const each of results) expect(each).toEqual(results[0]!)
  programs.free()
})
