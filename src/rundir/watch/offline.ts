// The page of runs as one file that needs no server: completions lie in it compressed, newest first, as far as there is room.
import { cardWith, groupsOf } from './groups.ts'
import type { Lens } from './lens.ts'
import { pageOf, viewOf } from './page.ts'
import { detailed, linesOf, type Place } from './rollouts.ts'
import { CHUNK, type Detail, folders } from './view.ts'
import type { Watched } from './watched.ts'

/** Letters of all blocks together: what a browser opens without trouble. */
const ROOM = 100e6

/** The page, and how many steps it had no room for. @throws HoneError where a directory holds no run. */
export function fileOf(watched: Watched, lenses: readonly Lens[], room = ROOM): { html: string; left: number } {
  const view = viewOf(watched, false)
  const blocks: string[] = []
  let left = 0
  const places = view.runs.flatMap(({ kept }, run) =>
    folders.flatMap((folder) => kept[folder].map((step) => ({ run, folder, step }))),
  )
  // A run's last step is looked at first, then how it came there.
  for (const { run, folder, step } of places.sort((a, b) => b.step - a.step)) {
    const place = { directory: watched.runs[run]!.directory, folder, step }
    const elements = room > 0 ? elementsOf(place, run, lenses[run]!) : []
    const size = elements.reduce((sum, { length }) => sum + length, 0)
    if (elements.length > 0 && size <= room) blocks.push(...elements)
    else {
      left++
      view.runs[run]!.kept[folder] = view.runs[run]!.kept[folder].filter((each) => each !== step)
    }
    room -= size
  }
  return { html: pageOf({ ...view, left }, blocks), left }
}

function elementsOf(place: Place, run: number, lens: Lens): string[] {
  const groups = groupsOf(place)
  const lines = linesOf(place).map((line, index) => ({ line, index }))
  const cards = groups.map(({ marks }) => cardWith(lines.slice(marks[0]!.index, marks.at(-1)!.index + 1), lens))
  const details = lens.spell ? lines.map(({ line }) => rounded(detailed(line, lens.spell!))) : []
  const name = `${run}/${place.folder}/${place.step}`
  return [
    element(`groups/${name}`, groups),
    element(`cards/${name}`, cards),
    ...Array.from({ length: Math.ceil(details.length / CHUNK) }, (_, i) =>
      element(`tokens/${name}/${i}`, details.slice(i * CHUNK, (i + 1) * CHUNK)),
    ),
  ]
}

function element(name: string, value: unknown): string {
  const packed = Bun.gzipSync(JSON.stringify(value))
  return `<script type="text/plain" data-name="${name}">${packed.toBase64()}</script>`
}

/** Three decimals are what is shown. */
function rounded(detail: Detail): Detail {
  const round = (values: (number | null)[]) => values.map((each) => each && Math.round(each * 1000) / 1000)
  const { logprobs, entropies, kl } = detail
  return {
    ...detail,
    logprobs: round(logprobs),
    ...(entropies && { entropies: round(entropies) }),
    ...(kl && { kl: round(kl) }),
  }
}
