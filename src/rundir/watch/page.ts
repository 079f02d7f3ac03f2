// The page of runs as one HTML text with everything inside: nothing is fetched from a network.
import uplotStyle from 'uplot/dist/uPlot.min.css' with { type: 'text' }
import { readRecord } from '../run.ts'
import { bundle } from './bundle.ts' with { type: 'macro' }
import { follower, progressOf } from './follow.ts'
import style from './page/page.css' with { type: 'text' }
import template from './page/page.html' with { type: 'text' }
import type { RunView, View } from './view.ts'
import type { Watched } from './watched.ts'

const script = bundle()

/** What is known of the runs now. @throws HoneError where a directory holds none. */
export function viewOf({ name, runs, study }: Watched, live: boolean): View {
  return { name, live, runs: runs.map(runView), study }
}

function runView({ name, directory }: Watched['runs'][number]): RunView {
  const events = follower(directory)()?.events ?? []
  return { name, record: readRecord(directory), events, ...progressOf(directory, events) }
}

/** The page of a view; `blocks` are elements that a page without a server finds completions in. */
export function pageOf(view: View, blocks: readonly string[] = []): string {
  const parts: Record<string, string> = {
    TITLE: `${Bun.escapeHTML(view.name)} · hone`,
    STYLE: `${uplotStyle}\n${style}`,
    // A text that closes the script element would end it early.
    SCRIPT: script.replaceAll('</script', '<\\/script'),
    VIEW: JSON.stringify(view).replaceAll('<', '\\u003c'),
    BLOCKS: blocks.join('\n'),
  }
  return String(template).replace(
    /(?:\/\*|<!--)(TITLE|STYLE|SCRIPT|VIEW|BLOCKS)(?:\*\/|-->)/g,
    (_, part: string) => parts[part]!,
  )
}
