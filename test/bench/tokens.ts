// Milliseconds a token of the whole step as one graph, recorded where the device can: rows side by side, each with a cache half full.
// Usage: bun test/bench/tokens.ts MODEL(m1|m2|m3|m4) PLACES ROWS… [--dtype f32|f16|bf16] [--device D] [--threads N]
// One line of JSON for each number of rows, greedy and drawn: the median of ROUNDS rounds of TOKENS tokens, ids read back after each.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDevice } from '../../src/gpu/device/open.ts'
import { tokenSteps } from '../../src/gpu/policy/token-steps.ts'
import { openEngine } from '../../src/gpu/policy/trainable.ts'
import { data, flush } from '../../src/out.ts'
import { uniform } from '../../src/rng.ts'
import { writeRandomModel } from './random-model.ts'
import { median, words } from './words.ts'

const [ROUNDS, TOKENS] = [5, 32]
const { places: given, device: spec, precision, threads } = words()
const [name = '', ...numbers] = given
const [places = 0, ...rows] = numbers.map(Number)
const folder = mkdtempSync(join(tmpdir(), 'hone-tokens-'))
writeRandomModel(name, folder)
const device = await openDevice(spec, { threads })
const { engine } = openEngine(device, folder, 'language', { precision })
rmSync(folder, { recursive: true })

for (const B of rows) {
  const steps = tokenSteps(engine, { rows: B, places, tokens: TOKENS })
  for (const greedy of [true, false]) {
    const starts = Array.from({ length: B }, (_, row) => ({
      id: 3 + row,
      held: places >> 1,
      law: { temperature: greedy ? 0 : 1 },
      draw: (i: number) => uniform(row, i),
    }))
    const took = Array.from({ length: ROUNDS }, () => {
      const started = performance.now()
      steps.write(starts, TOKENS)
      return (performance.now() - started) / TOKENS
    })
    const ms = median(took)
    const figures = { token_ms: Number(ms.toFixed(3)), tokens_s: Math.round((B * 1000) / ms) }
    data(
      JSON.stringify({
        model: name,
        device: device.name,
        dtype: precision.compute,
        rows: B,
        places,
        law: greedy ? 'greedy' : 'drawn',
        ...figures,
      }),
    )
  }
  steps.free()
}
flush()
