// Sizes of files as transformers takes them: 5GB, 500MB, 100000000.
import { formed } from '../../text/setting.ts'

const units = { '': 1, B: 1, KB: 1e3, MB: 1e6, GB: 1e9 }
const form = /^(\d+(?:\.\d+)?) ?(|B|KB|MB|GB)$/

/** A setting that is such a size. */
export const fileSize = () =>
  formed(
    (text): text is string => typeof text === 'string' && bytesIn(text) >= 1,
    { hint: 'SIZE' },
    'a size such as 5GB or 500MB',
  )

/** NaN for what is none. */
export function bytesIn(size: string): number {
  const [, count, unit] = form.exec(size.trim().toUpperCase()) ?? []
  return count === undefined ? NaN : Math.floor(Number(count) * units[unit as keyof typeof units])
}
