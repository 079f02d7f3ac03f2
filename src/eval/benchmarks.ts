// The table of benchmarks.
import { acebench } from './acebench/bench.ts'
import { apibank } from './apibank/bench.ts'
import type { Benchmark } from './benchmark.ts'
import { bfcl } from './bfcl/bench.ts'
import { rows } from './rows/bench.ts'

export const benchmarks = { bfcl, apibank, acebench, rows } satisfies Record<string, Benchmark>
