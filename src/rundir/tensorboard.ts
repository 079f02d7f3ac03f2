// TensorBoard event files: figures of steps and evaluations as scalars, readable by TensorBoard, trackio and W&B.
import { closeSync, openSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Sink } from './event.ts'

/** A sink that writes scalars into a new event file of `directory`. `step` is the last one that earlier files speak rightly of; -1 where the run starts. */
export function tensorboard(
  directory: string,
  { time, step }: { time: number; step: number },
): Sink & { close(): void } {
  const name = `events.out.tfevents.${Math.floor(time / 1000)}.${hostname()}.${process.pid}.${step}`
  const file = openSync(join(directory, name), 'a')
  const write = (event: Uint8Array) => writeSync(file, record(event))
  write(concat(double(1, time / 1000), text(3, 'brain.Event:2')))
  // SessionLog START tells TensorBoard to forget what an earlier file says of later steps.
  write(concat(double(1, time / 1000), varint(2, step + 1), message(7, varint(1, 1))))
  const sink: Sink = (event) => {
    if (event.type !== 'step' && event.type !== 'eval') return
    const prefix = event.type === 'eval' ? 'eval/' : ''
    const values = Object.entries(event.figures).map(([tag, value]) =>
      message(1, concat(text(1, prefix + tag), float(2, value))),
    )
    write(concat(double(1, event.time / 1000), varint(2, event.step), message(5, concat(...values))))
  }
  return Object.assign(sink, { close: () => closeSync(file) })
}

/** TFRecord: length, its masked CRC-32C, data, its masked CRC-32C (tensorflow/core/lib/io/record_writer.h). */
export function record(data: Uint8Array): Uint8Array {
  const head = new Uint8Array(8)
  new DataView(head.buffer).setBigUint64(0, BigInt(data.length), true)
  return concat(head, uint32(maskedCrc(head)), data, uint32(maskedCrc(data)))
}

function maskedCrc(data: Uint8Array): number {
  const crc = crc32c(data)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** CRC-32 with the Castagnoli polynomial, reflected (RFC 3720 B.4). */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of data) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
  }
  return (crc ^ 0xffffffff) >>> 0
}

// Protocol buffer fields: (field number << 3 | wire type), then the value.

function varint(field: number, value: number): Uint8Array {
  return concat(Uint8Array.of(field << 3), number(value))
}

function number(value: number): Uint8Array {
  const bytes: number[] = []
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128)
  return Uint8Array.of(...bytes, value)
}

function double(field: number, value: number): Uint8Array {
  return concat(Uint8Array.of((field << 3) | 1), new Uint8Array(Float64Array.of(value).buffer))
}

function float(field: number, value: number): Uint8Array {
  return concat(Uint8Array.of((field << 3) | 5), new Uint8Array(Float32Array.of(value).buffer))
}

function message(field: number, content: Uint8Array): Uint8Array {
  return concat(Uint8Array.of((field << 3) | 2), number(content.length), content)
}

const text = (field: number, value: string): Uint8Array => message(field, new TextEncoder().encode(value))
const uint32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer)
const concat = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts)
