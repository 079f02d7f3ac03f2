// What a training step of one long sequence takes: two layers of Qwen2.5-0.5B's width, LoRA, prompt and completion half each.
// Usage: bun test/bench/length.ts [TOKENS…] (1024 2048 4096 8192 12288). A table in Markdown; every row is a process of its own.
import { join } from 'node:path'
import { data, flush } from '../../src/out.ts'

const given = process.argv.slice(2).map(Number)
const lengths = given.length > 0 ? given : [1024, 2048, 4096, 8192, 12_288]
data('| prompt + completion | memory, MB | `plan` says | above the shortest, bytes a token |')
data('|--:|--:|--:|--:|')
let first: { tokens: number; peak: number } | undefined
for (const tokens of lengths) {
  const words = ['l2', tokens / 2, tokens / 2, 1, 1, 1, 'lora', 'given'].map(String)
  const run = Bun.spawnSync([process.execPath, join(import.meta.dir, 'step.ts'), ...words], { stderr: 'inherit' })
  const { plan_mb: plan, peak_rss_mb: peak } = JSON.parse(run.stdout.toString()) as Record<string, number>
  const slope = first && Math.round(((peak! - first.peak) * 2 ** 20) / (tokens - first.tokens))
  data(`| ${tokens} | ${peak} | ${plan} (${percent(plan! / peak! - 1)}) | ${slope ?? ''} |`)
  flush()
  first ??= { tokens, peak: peak! }
}

function percent(share: number): string {
  return `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(0)} %`
}
