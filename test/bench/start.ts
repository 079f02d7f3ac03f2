// How long the built binary takes to answer --version, beside a bare compiled hello world. `bun run build` first.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const RUNS = 40
const hone = join(import.meta.dir, '..', '..', 'dist', 'hone')
const folder = mkdtempSync(join(tmpdir(), 'hone-start-'))
const hello = join(folder, 'hello')
await Bun.write(`${hello}.ts`, 'console.log("hello")\n')
await Bun.build({ entrypoints: [`${hello}.ts`], compile: { outfile: hello } })

const commands = { hello: [hello], hone: [hone, '--version'] }
const times: Record<string, number[]> = { hello: [], hone: [] }
for (let run = 0; run < RUNS; run++)
  for (const [name, command] of Object.entries(commands)) times[name]!.push(timeOf(command))
rmSync(folder, { recursive: true })

const medians = Object.fromEntries(Object.entries(times).map(([name, each]) => [name, median(each)]))
console.log(
  JSON.stringify({
    runs: RUNS,
    hello_ms: medians['hello'],
    hone_version_ms: medians['hone'],
    difference_ms: round(medians['hone']! - medians['hello']!),
  }),
)

function timeOf(command: string[]): number {
  const start = performance.now()
  const { exitCode } = Bun.spawnSync(command, { cwd: folder })
  if (exitCode !== 0) throw new Error(`${command[0]} ended with ${exitCode}`)
  return performance.now() - start
}

function median(values: number[]): number {
  return round(values.toSorted((a, b) => a - b)[values.length >> 1]!)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
