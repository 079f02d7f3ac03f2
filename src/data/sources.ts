// The table of sources, the more particular ones first: recognition takes the first that fits.
import { lookup } from '../error.ts'
import { isObject } from '../text/json.ts'
import type { RawRecord } from './record.ts'
import type { Source } from './source.ts'
import { acebench } from './sources/acebench.ts'
import { apibank } from './sources/apibank.ts'
import { bfcl } from './sources/bfcl.ts'
import { glaive } from './sources/glaive.ts'
import { hammer } from './sources/hammer.ts'
import { hone } from './sources/hone.ts'
import { openai } from './sources/openai.ts'
import { sharegpt } from './sources/sharegpt.ts'
import { toolace } from './sources/toolace.ts'
import { toolrl } from './sources/toolrl.ts'
import { verl } from './sources/verl.ts'
import { xlam } from './sources/xlam.ts'

export const sources: Record<string, Source> = {
  hone,
  xlam,
  toolace,
  hammer,
  glaive,
  toolrl,
  bfcl,
  apibank,
  acebench,
  verl,
  openai,
  sharegpt,
}

/** The source of that name. @throws HoneError with the nearest name. */
export function sourceNamed(name: string): Source {
  return lookup(sources, 'source', name)
}

/** The source that recognises most of `records`, and how many; undefined where none recognises any. */
export function recognise(records: readonly RawRecord[]): { name: string; count: number } | undefined {
  const counts = new Map<string, number>()
  for (const { value } of records) {
    const name = isObject(value) ? Object.keys(sources).find((key) => sources[key]!.recognises(value)) : undefined
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  return best && { name: best[0], count: best[1] }
}
