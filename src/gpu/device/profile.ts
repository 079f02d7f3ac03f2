// Time by operator, from the trace that ONNX Runtime writes of a profiled session.
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, looseObject, number, optional, parse, string } from 'valibot'

export interface OpTime {
  op: string
  calls: number
  milliseconds: number
}

const Trace = array(
  looseObject({
    cat: string(),
    name: string(),
    dur: number(),
    args: optional(looseObject({ op_name: optional(string()) })),
  }),
)

let traces = 0
/** Path prefix for a trace of its own. */
export function profilePrefix(): string {
  return join(tmpdir(), `hone-profile-${process.pid}-${traces++}`)
}

/** Sums a trace by operator, slowest first, and deletes its file. */
export function readProfile(path: string): OpTime[] {
  const trace = parse(Trace, JSON.parse(readFileSync(path, 'utf8')))
  rmSync(path)
  const times = new Map<string, OpTime>()
  for (const { cat, name, dur, args } of trace) {
    const op = args?.op_name
    if (cat !== 'Node' || !name.endsWith('_kernel_time') || op === undefined) continue
    const time = times.get(op) ?? { op, calls: 0, milliseconds: 0 }
    time.calls++
    time.milliseconds += dur / 1000
    times.set(op, time)
  }
  return [...times.values()].sort((a, b) => b.milliseconds - a.milliseconds)
}
