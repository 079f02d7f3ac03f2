// The card of a trained model: what a reader and the hub need to know.
import { expect, test } from 'bun:test'
import type { RunEvent } from '../../src/rundir/event.ts'
import { cardOf } from '../../src/rundir/card.ts'

const evaluated = (step: number, share: number): RunEvent => ({
  type: 'eval',
  time: 0,
  step,
  figures: { exact_match: share, 'exact_match/low': share - 0.1, 'exact_match/high': share + 0.1, reward: 0.5 },
})

test('the card names the base, the loss, the result before and after, and what was set', () => {
  const record = {
    command: 'train',
    version: '1.2.3',
    settings: { model: 'a/b', seed: 3, prompt: 'x|y', steps: null },
    origins: { model: 'c.yaml:1', seed: '--seed', prompt: 'c.yaml:2', steps: 'default' },
    commandLine: 'hone train c.yaml --seed 3',
    sources: { 'c.yaml': 'ab12', 'rows.jsonl': 'cd34' },
  }
  const events: RunEvent[] = [
    evaluated(0, 0.3),
    { type: 'step', time: 0, step: 9, steps: 9, figures: {} },
    evaluated(9, 0.6),
  ]
  const card = cardOf({ run: { directory: 'runs/mine', record }, events, what: 'adapter', formula: ['loss = l'] })
  expect(card).toStartWith('---\nbase_model: "a/b"\nlibrary_name: peft\n')
  expect(card).toContain('Made from `a/b` by 9 steps of `hone train` 1.2.3.\n\n    loss = l\n')
  expect(card).toContain('| exact_match | 30.0 (20.0 to 40.0) | 60.0 (50.0 to 70.0) | 0, 9 |')
  expect(card).toContain('    hone train c.yaml --seed 3\n')
  expect(card).toContain('| c.yaml | ab12 |\n| rows.jsonl | cd34 |')
  expect(card).toContain('| seed | 3 | --seed |\n| prompt | "x\\|y" | c.yaml:2 |')
  expect(card).not.toContain('steps |')
})
