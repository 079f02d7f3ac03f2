// A device as it is asked for, and the setting that asks.
import * as v from 'valibot'
import { count, formed, orNone, say } from '../../text/setting.ts'
import { dtypeSetting } from './precision.ts'

export type DeviceSpec = 'cpu' | 'cuda' | `cuda:${number}` | 'auto'

const isDevice = (text: unknown): text is DeviceSpec =>
  typeof text === 'string' && /^(auto|cpu|cuda(:\d+)?)$/.test(text)

/** `auto` is CUDA where that can be opened, else the CPU. */
export const deviceSetting = (fallback: DeviceSpec) =>
  say(
    v.optional(
      formed(isDevice, { hint: 'auto|cpu|cuda|cuda:N', known: ['auto', 'cpu', 'cuda'] }, 'auto, cpu, cuda or cuda:N'),
      fallback,
    ),
    'where the model runs',
  )

/** Where a model is opened, and what it computes in there. */
export const onDevice = () => ({ device: deviceSetting('auto'), dtype: dtypeSetting() })

/** What takes a model to several devices, and the threads that they have on the CPU. */
export const onDevices = () => ({
  ...onDevice(),
  threads: say(orNone(count(), 'all cores'), 'threads of the CPU'),
  processes: say(
    v.optional(count(1, 64), 1),
    'processes that share each step, each with a device: cuda:0, cuda:1 and so on, or a part of the threads',
    'num_processes',
    'nproc_per_node',
  ),
})

/** Where that many processes run, for people, the first of them on that device. */
export function placesText(first: string, processes: number): string {
  if (processes === 1) return first
  if (first === 'cpu') return `cpu in ${processes} processes`
  return Array.from({ length: processes }, (_, place) => deviceAt(place, first)).join(', ')
}

/** The device of the process at `place` (from 0) of a run whose first one has this one. */
export function deviceAt(place: number, first: string): DeviceSpec {
  const [kind, number = '0'] = first.split(':')
  return kind === 'cuda' ? `cuda:${Number(number) + place}` : 'cpu'
}
