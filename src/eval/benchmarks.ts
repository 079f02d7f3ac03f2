// The table of benchmarks.
import { HoneError, nearest } from '../error.ts'
import { acebench } from './acebench/bench.ts'
import { apibank } from './apibank/bench.ts'
import type { Benchmark } from './benchmark.ts'
import { bfcl } from './bfcl/bench.ts'
import { rows } from './rows/bench.ts'

export const benchmarks: Record<string, Benchmark> = { bfcl, apibank, acebench, rows }

/** @throws HoneError with the nearest name. */
export function findBenchmark(name: string): Benchmark {
  const found = Object.hasOwn(benchmarks, name) ? benchmarks[name] : undefined
  if (found) return found
  const near = nearest(name, Object.keys(benchmarks))
  throw new HoneError(`Unknown benchmark: ${name}`, {
    hint: near ? `Did you mean ${near}?` : `There are: ${Object.keys(benchmarks).join(', ')}.`,
  })
}
