// What the processor says of itself.
import { readFileSync } from 'node:fs'

/** Its sets of instructions, as Linux names them; none on other systems. */
export function vectorUnits(): ReadonlySet<string> {
  try {
    const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
    return new Set(line.split(' '))
  } catch {
    return new Set()
  }
}
