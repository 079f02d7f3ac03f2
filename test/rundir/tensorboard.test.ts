// TensorBoard files: checksums with known answers, and records that hold what was said.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tensorboard } from '../../src/rundir/tensorboard.ts'
import { crc32c } from '../../src/rundir/tensorboard/record.ts'
import { sessionEnd, sessionStart, text } from '../../src/rundir/tensorboard/summary.ts'
import { scratch } from '../scratch.ts'

test('CRC-32C has the known answers of RFC 3720 B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e)
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283)
})

test('an event file holds a version, a session start and the scalars of steps and evaluations', () => {
  const directory = scratch()
  const sink = tensorboard(directory, { time: 1_700_000_000_000, step: 4 })
  sink({ type: 'step', time: 1_700_000_001_000, step: 300, steps: 9, figures: { reward: 0.5, answer_entropy: 2 } })
  sink({ type: 'note', time: 0, step: 5, text: 'not a figure' })
  sink({ type: 'eval', time: 1_700_000_001_000, step: 301, figures: { exact_match: 0.25 } })
  sink.close()
  const [name] = readdirSync(directory)
  const records = split(readFileSync(join(directory, name!)))
  expect(records.length).toBe(4)
  expect(records[0]!.toString('latin1')).toContain('brain.Event:2')
  // step 300 as a varint, the tag, then 0.5 as a little-endian float
  const step = records[2]!
  expect(step.includes(Buffer.from([0x10, 0xac, 0x02]))).toBe(true)
  expect(step.includes(Buffer.from([0x0a, 12, ...Buffer.from('train/reward'), 0x15, 0, 0, 0, 0x3f]))).toBe(true)
  // A figure that TRL has under another name has TRL's tag.
  expect(step.includes(Buffer.from('train/entropy'))).toBe(true)
  expect(records[3]!.toString('latin1')).toContain('eval/exact_match')
})

test('a run that starts again before its first checkpoint takes back what was said of step 0', () => {
  const directory = scratch()
  tensorboard(directory, { time: 0, step: -1 }).close()
  const [name] = readdirSync(directory)
  // Event.step (field 2) is 0, and SessionLog (field 7) is START (status 1).
  const session = split(readFileSync(join(directory, name!)))[1]!
  expect(session.includes(Buffer.from([0x10, 0, 0x3a, 2, 0x08, 1]))).toBe(true)
})

test('text and hyperparameters are the bytes that the protocol buffers of TensorBoard 2.21 give', () => {
  const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')
  const golden = JSON.parse(readFileSync(join(import.meta.dir, '../../fixtures/golden/tensorboard.json'), 'utf8'))
  const [experiment, started] = sessionStart({ rank: 8, adapter: null }, 1500)
  expect({
    text: hex(text('settings', '| a |')),
    started: hex(started!),
    experiment: hex(experiment!),
    ended: hex(sessionEnd(1500, true)),
  }).toEqual(golden)
})

test('a file begins with the settings and ends with how the run ended', () => {
  const directory = scratch()
  const sink = tensorboard(directory, { time: 0, step: -1, settings: { learningRate: 0.5, data: ['a.jsonl'] } })
  sink({ type: 'note', time: 0, step: 1, text: 'careful', loud: true })
  sink({ type: 'end', time: 0, step: 1, reason: 'interrupted' })
  sink.close()
  const records = split(readFileSync(join(directory, readdirSync(directory)[0]!))).map((each) =>
    each.toString('latin1'),
  )
  expect(records.length).toBe(5)
  expect(records[2]).toContain('learningRate')
  expect(records[2]).toContain('| data | `["a.jsonl"]` |')
  expect(records[3]).toContain('careful')
  expect(records[4]).toContain('_hparams_/session_end_info')
})

function split(file: Buffer): Buffer[] {
  const records: Buffer[] = []
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at))
    records.push(file.subarray(at + 12, at + 12 + length))
    at += 16 + length
  }
  return records
}
