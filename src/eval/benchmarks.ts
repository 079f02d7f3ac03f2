// The table of benchmarks.
import { lookup } from '../error.ts'
import { acebench } from './acebench/bench.ts'
import { apibank } from './apibank/bench.ts'
import type { Benchmark } from './benchmark.ts'
import { bfcl } from './bfcl/bench.ts'
import { rows } from './rows/bench.ts'

export const benchmarks: Record<string, Benchmark> = { bfcl, apibank, acebench, rows }

/** @throws HoneError with the nearest name. */
export function findBenchmark(name: string): Benchmark {
  return lookup(benchmarks, 'benchmark', name)
}
