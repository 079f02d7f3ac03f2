// TensorBoard event files: figures of steps and evaluations as scalars, the settings as hyperparameters and text. TensorBoard, Trackio
// and Weights & Biases read them. Tags are those of TRL's runs, so that both stand in one chart.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { closeSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Sink } from './event.ts'
import { asTrl } from './metrics.ts'
import { record } from './tensorboard/record.ts'
import { type Summary, scalar, sessionEnd, sessionStart, text } from './tensorboard/summary.ts'

const BYTES = WireType.LengthDelimited
/** A SessionLog whose status is START. */
const STARTED = new BinaryWriter().tag(1, WireType.Varint).int32(1).finish()

/** Where a figure stands, by the kind of its event. */
const groups = { step: 'train', eval: 'eval' }

export interface Board {
  /** Milliseconds. */
  time: number
  /** The last step that earlier files speak rightly of; -1 where the run starts. */
  step: number
  settings?: Readonly<Record<string, unknown>>
}

/** A sink that writes into a new event file of `directory`. */
export function tensorboard(directory: string, { time, step, settings = {} }: Board): Sink & { close(): void } {
  const name = `events.out.tfevents.${Math.floor(time / 1000)}.${hostname()}.${process.pid}.${step}`
  const file = openSync(join(directory, name), 'a')
  const write = (time: number, body: (event: BinaryWriter) => void) => {
    const event = new BinaryWriter()
    event.tag(1, WireType.Bit64).double(time / 1000)
    body(event)
    writeSync(file, record(event.finish()))
  }
  const summarise = (time: number, step: number, values: readonly Summary[]) =>
    write(time, (event) => {
      const summary = new BinaryWriter()
      for (const value of values) summary.tag(1, BYTES).bytes(value)
      event.tag(2, WireType.Varint).int64(step).tag(5, BYTES).bytes(summary.finish())
    })
  write(time, (event) => event.tag(3, BYTES).string('brain.Event:2'))
  // SessionLog START tells TensorBoard to forget what an earlier file says of later steps.
  write(time, (event) =>
    event
      .tag(2, WireType.Varint)
      .int64(step + 1)
      .tag(7, BYTES)
      .bytes(STARTED),
  )
  if (Object.keys(settings).length > 0) {
    const first = Math.max(step, 0)
    summarise(time, first, [...sessionStart(settings, time), text('settings', settingsTable(settings))])
  }
  const sink: Sink = (event) => {
    if (event.type === 'step' || event.type === 'eval') {
      const group = groups[event.type]
      summarise(
        event.time,
        event.step,
        Object.entries(event.figures).map(([name, value]) => scalar(`${group}/${asTrl(name)}`, value)),
      )
    }
    if (event.type === 'alarm') summarise(event.time, event.step, [text('alarms', event.text)])
    if (event.type === 'note' && event.loud) summarise(event.time, event.step, [text('notes', event.text)])
    if (event.type === 'end') summarise(event.time, event.step, [sessionEnd(event.time, event.reason === 'done')])
  }
  return Object.assign(sink, { close: () => closeSync(file) })
}

/** What the text plugin shows: Markdown. */
function settingsTable(settings: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(settings).map(([key, value]) => `| ${key} | \`${JSON.stringify(value)}\` |`)
  return ['| setting | value |', '|---|---|', ...rows].join('\n')
}
