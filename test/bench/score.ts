// Rows/s of `hone score --reward tool-n1` on one core against the original Python function, in turn, on the same rows.
// Usage: bun test/bench/score.ts TOOLCALL.py [rows], with NVlabs/Tool-N1@f9b4849 verl/verl/utils/reward_score/toolcall.py kept
// outside the tree. hone's time is that of the whole command, start and output included; Python's that of its
// function alone. Seconds of the processor, so that what else the machine does matters little.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { uniform } from '../../src/rng.ts'
import { sharedPath } from '../shared.ts'

const ROUNDS = 3
const [original = '', count = '400000'] = process.argv.slice(2)
const rows = Number(count)
const folder = mkdtempSync(join(tmpdir(), 'hone-bench-'))
const main = join(import.meta.dir, '..', '..', 'src', 'main.ts')
const pinned = Bun.which('taskset') ? ['taskset', '-c', '0'] : []

const PYTHON = `
import json, sys, time, importlib.util, os
spec = importlib.util.spec_from_file_location("toolcall", sys.argv[1]); module = importlib.util.module_from_spec(spec); spec.loader.exec_module(module)
rows = [json.loads(line) for line in open(sys.argv[2])][:40000]
out, sys.stdout = sys.stdout, open(os.devnull, "w")
start = time.process_time()
for row in rows: module.compute_score_v0(row["completion"], row["ground_truth"])
out.write(str((time.process_time() - start) / len(rows)))`

try {
  for (const [name, lines] of [
    ['recorded rows, repeated', recorded()],
    ['made rows, all different', made()],
  ] as const) {
    if (lines.length === 0) continue
    const path = join(folder, 'rows.jsonl')
    const text = Array.from({ length: rows }, (_, i) => lines[i % lines.length]! + '\n').join('')
    writeFileSync(path, text)
    const seconds = { python: [] as number[], hone: [] as number[], parse: [] as number[] }
    for (let round = 0; round < ROUNDS; round++) {
      seconds.python.push(python(path) * rows)
      seconds.hone.push(hone(path))
      seconds.parse.push(parse(path))
    }
    const rate = (times: number[]) => rows / median(times)
    const ratio = (over: number[]) => median(over.map((time, i) => time / seconds.hone[i]!))
    console.log(
      `${name}: ${rows} rows, ${(text.length / 1e6).toFixed(0)} MB; python ${rate(seconds.python).toFixed(0)} rows/s, hone ${rate(seconds.hone).toFixed(0)} rows/s: ` +
        `${ratio(seconds.python).toFixed(1)} times; ${(text.length / 1e6 / median(seconds.hone)).toFixed(0)} MB/s against ${(text.length / 1e6 / median(seconds.parse)).toFixed(0)} MB/s of read and JSON.parse (${ratio(seconds.parse).toFixed(2)})`,
    )
  }
} finally {
  rmSync(folder, { recursive: true })
}

/** Recorded rows on which the original does not crash. */
function recorded(): string[] {
  const path = sharedPath('verdicts', 'tooln1_reward.jsonl.gz')
  if (!path) return []
  const text = new TextDecoder().decode(Bun.gunzipSync(readFileSync(path)))
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.includes('"v0": "raises') && !/\b(NaN|Infinity)\b/.test(line))
    .map((line) => JSON.parse(line))
    .map(({ completion, ground_truth }) => JSON.stringify({ completion, ground_truth }))
}

/** Rows like those of an evaluation: one or two calls, most of them right, thinking of a sentence or two. */
function made(): string[] {
  return Array.from({ length: rows }, (_, i) => {
    const draw = (k: number) => uniform(7, i, k)
    const call = (k: number) => ({
      name: `tool_${Math.floor(draw(k) * 900)}.search`,
      arguments: { query: `item ${i} of list ${k}`, limit: Math.floor(draw(k + 1) * 50), exact: draw(k + 2) < 0.5 },
    })
    const answer = draw(0) < 0.7 ? [call(10)] : [call(10), call(20)]
    const fate = draw(1)
    const reply =
      fate < 0.6
        ? answer
        : answer.map((each) =>
            fate < 0.8
              ? { ...each, arguments: { ...each.arguments, limit: -1 } }
              : fate < 0.9
                ? { ...each, name: 'other' }
                : { ...each, parameters: 1 },
          )
    const body = JSON.stringify(reply).slice(0, fate > 0.97 ? -3 : undefined)
    const think = `The user asks for item ${i}, so the search tool fits; its limit should be small enough to keep the reply short.`
    return JSON.stringify({
      id: `row-${i}`,
      completion: `<think>${think}</think>\n<tool_call>${body}</tool_call>`,
      ground_truth: JSON.stringify(answer),
    })
  })
}

function python(path: string): number {
  return Number(Bun.spawnSync([...pinned, 'python3', '-c', PYTHON, original, path]).stdout.toString())
}

function hone(path: string): number {
  return cpuSeconds([process.execPath, main, 'score', path, '--reward', 'tool-n1', '--jobs', '1'])
}

/** Plain reading and parsing, in a process of its own. */
function parse(path: string): number {
  return cpuSeconds([
    process.execPath,
    '-e',
    `for (const line of (await Bun.file(${JSON.stringify(path)}).text()).split('\\n')) if (line) JSON.parse(line)`,
  ])
}

function cpuSeconds(words: string[]): number {
  const { exitCode, resourceUsage } = Bun.spawnSync([...pinned, ...words], { stdout: Bun.file('/dev/null') })
  if (exitCode !== 0) throw new Error(`${words.join(' ')} failed`)
  return Number(resourceUsage.cpuTime.total) / 1e6
}

function median(times: number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]!
}
