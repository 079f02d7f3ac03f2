// The random numbers: known answers of the cipher, statistics of what is drawn, and independence from order.
import { expect, test } from 'bun:test'
import { keyOf, normal, shuffle, stream, threefry, uniform } from '../src/rng.ts'

test('the cipher gives the known answers of Random123 (kat_vectors, threefry2x32 20 rounds)', () => {
  expect(threefry([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe])
  expect(threefry([0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff])).toEqual([0x1cb996fc, 0xbb002be7])
  expect(threefry([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0])
})

test('uniform draws fill 100 cells evenly and stay inside [0, 1)', () => {
  const draws = 100_000
  const cells = new Array<number>(100).fill(0)
  for (let i = 0; i < draws; i++) {
    const u = uniform(7, i)
    expect(u >= 0 && u < 1).toBe(true)
    cells[Math.floor(u * 100)]!++
  }
  // chi-squared with 99 degrees of freedom: 1e-4 quantile on either side is about 54 and 160
  const chi = cells.reduce((sum, n) => sum + (n - draws / 100) ** 2 / (draws / 100), 0)
  expect(chi).toBeGreaterThan(54)
  expect(chi).toBeLessThan(160)
})

test('neighbouring keys are uncorrelated in every place of the key', () => {
  for (const place of [0, 1, 2, 3]) {
    let sum = 0
    const count = 20_000
    for (let i = 0; i < count; i++) {
      const key = [1, 2, 3, 4]
      key[place] = i
      const next = [...key]
      next[place] = i + 1
      sum += (uniform(...key) - 0.5) * (uniform(...next) - 0.5) * 12
    }
    expect(Math.abs(sum / count)).toBeLessThan(4.5 / Math.sqrt(count))
  }
})

test('a flipped key bit flips half of the output bits', () => {
  let flipped = 0
  const trials = 2000
  for (let i = 0; i < trials; i++) {
    const [a, b] = threefry([1, i], [2, 3])
    const [c, d] = threefry([1, i ^ (1 << (i % 31))], [2, 3])
    for (let x = a ^ c; x !== 0; x &= x - 1) flipped++
    for (let x = b ^ d; x !== 0; x &= x - 1) flipped++
  }
  expect(Math.abs(flipped / trials - 32)).toBeLessThan(0.5)
})

test('keys of another length, sign or size above 32 bits are other draws', () => {
  const draws = [
    uniform(),
    uniform(0),
    uniform(0, 0),
    uniform(1),
    uniform(-1),
    uniform(2 ** 32),
    uniform(2 ** 32 + 1),
    uniform(1, 0),
    uniform(0, 1),
  ]
  expect(new Set(draws).size).toBe(draws.length)
  expect(() => uniform(0.5)).toThrow('safe integers')
  expect(() => uniform(NaN)).toThrow('safe integers')
})

test('a stream is the keyed draws in order', () => {
  const next = stream(5, 6)
  expect([next(), next(), next()]).toEqual([uniform(5, 6, 0), uniform(5, 6, 1), uniform(5, 6, 2)])
})

test('normal draws have mean 0, variance 1, kurtosis 3', () => {
  const count = 50_000
  let [m1, m2, m4] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const z = normal(3, i)
    m1 += z / count
    m2 += z ** 2 / count
    m4 += z ** 4 / count
  }
  expect(Math.abs(m1)).toBeLessThan(0.02)
  expect(Math.abs(m2 - 1)).toBeLessThan(0.03)
  expect(Math.abs(m4 - 3)).toBeLessThan(0.25)
})

test('a shuffle is a permutation, leaves its input alone, and every order comes equally often', () => {
  const items = ['a', 'b', 'c', 'd']
  const seen = new Map<string, number>()
  for (let seed = 0; seed < 24_000; seed++) {
    const order = shuffle(items, seed).join('')
    seen.set(order, (seen.get(order) ?? 0) + 1)
  }
  expect(items).toEqual(['a', 'b', 'c', 'd'])
  expect(seen.size).toBe(24)
  // 23 degrees of freedom: the 1e-4 quantile is about 58
  expect([...seen.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(58)
})

test('names give safe integer keys', () => {
  expect(Number.isSafeInteger(keyOf('row 1'))).toBe(true)
  expect(keyOf('row 1')).not.toBe(keyOf('row 2'))
})
