// A device as it is asked for, and the setting that asks.
import * as v from 'valibot'
import { formed, say } from '../../text/setting.ts'
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
