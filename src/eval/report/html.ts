// An evaluation as one HTML page without outside parts: bars per category, kinds of errors, examples, published numbers.
import { dumpJson } from '../../text/json.ts'
import type { Judged, NamedScore, PublishedTable } from '../benchmark.ts'
import type { Summary } from '../summary.ts'
import type { Tally } from '../tally.ts'
import { percent } from './text.ts'

/** Examples shown per kind of error. */
const EXAMPLES = 3

export function reportPage(summary: Summary, judged: readonly Judged[]): string {
  const { benchmark, source, protocol, all, categories, scores, notes, published } = summary
  const sections = [
    section('Categories', bars([...categories, all])),
    section('Scores', scoreTable(scores)),
    section('Errors by category', confusion(categories)),
    section('Examples', examples(judged)),
    ...(published ? [section(published.source, publishedTable(published) + paragraph(published.note))] : []),
    ...(notes.length > 0
      ? [section('About the benchmark', `<ul>${notes.map((note) => `<li>${escape(note)}</li>`).join('')}</ul>`)]
      : []),
  ]
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(benchmark)}: ${percent(all.interval.estimate)}</title><style>${STYLE}</style></head>
<body><h1>${escape(benchmark)}</h1>
<p>${escape(source)} · ${all.total} responses · protocol <code>${protocol}</code></p>
${sections.join('\n')}
</body></html>
`
}

/** One horizontal bar per category with its interval as a whisker; 400 units are 100 %. */
function bars(tallies: readonly Tally[]): string {
  const height = 22
  const label = 230
  const rows = tallies.map(({ category, correct, total, interval: { estimate, low, high } }, i) => {
    const y = i * height
    const x = (share: number) => (label + 400 * share).toFixed(1)
    return `<text x="${label - 8}" y="${y + 15}" text-anchor="end">${escape(category)}</text>
<rect class="rail" x="${label}" y="${y + 4}" width="400" height="14"/><rect class="bar" x="${label}" y="${y + 4}" width="${(400 * (estimate || 0)).toFixed(1)}" height="14"/>
<line x1="${x(low)}" x2="${x(high)}" y1="${y + 11}" y2="${y + 11}"/><text x="${label + 410}" y="${y + 15}">${percent(estimate)} (${correct}/${total})</text>`
  })
  return `<svg viewBox="0 0 820 ${tallies.length * height}" role="img" aria-label="share right per category">${rows.join('\n')}</svg>`
}

/** Error types as columns, shaded by how often a category meets them. */
function confusion(tallies: readonly Tally[]): string {
  const types = [...new Set(tallies.flatMap(({ errors }) => errors.map(([type]) => type)))]
  if (types.length === 0) return paragraph('Every response is right.')
  const head = `<tr><th></th>${types.map((type) => `<th class="tall"><span>${escape(type)}</span></th>`).join('')}</tr>`
  const rows = tallies.map(({ category, total, errors }) => {
    const counts = new Map(errors)
    const cells = types.map((type) => {
      const count = counts.get(type) ?? 0
      return `<td style="background:rgb(200 60 40 / ${(Math.sqrt(count / total) * 0.8).toFixed(2)})">${count || ''}</td>`
    })
    return `<tr><th>${escape(category)}</th>${cells.join('')}</tr>`
  })
  return `<table>${head}${rows.join('')}</table>`
}

function examples(judged: readonly Judged[]): string {
  const wrong = judged.filter(({ score }) => score < 1)
  const kinds = [...Map.groupBy(wrong, ({ judgement }) => judgement.error_type ?? judgement.fault ?? 'wrong')].sort(
    (a, b) => b[1].length - a[1].length,
  )
  return kinds
    .map(([kind, list]) => {
      const shown = list.slice(0, EXAMPLES).map(({ id, category, response }) => {
        const text = typeof response === 'string' ? response : dumpJson(response, { ensureAscii: false })
        return `<p><code>${escape(id)}</code> ${escape(category)}</p><pre>${escape(text.slice(0, 2000))}</pre>`
      })
      return `<details><summary>${escape(kind)}: ${list.length}</summary>${shown.join('')}</details>`
    })
    .join('')
}

function scoreTable(scores: readonly NamedScore[]): string {
  const rows = scores.map(({ name, value, low, high, what }) => {
    const range = low === undefined || high === undefined ? '' : `${percent(low)} – ${percent(high)}`
    return `<tr><th>${escape(name)}</th><td>${value === null ? 'n/a' : percent(value)}</td><td>${range}</td><td class="text">${escape(what)}</td></tr>`
  })
  return `<table>${rows.join('')}</table>`
}

function publishedTable({ columns, rows }: PublishedTable): string {
  const head = `<tr><th></th>${columns.map((column) => `<th class="tall"><span>${escape(column)}</span></th>`).join('')}</tr>`
  const body = rows.map(
    ({ name, values }) =>
      `<tr><th>${escape(name)}</th>${values.map((value) => `<td>${value?.toFixed(2) ?? 'n/a'}</td>`).join('')}</tr>`,
  )
  return `<table>${head}${body.join('')}</table>`
}

function section(title: string, body: string): string {
  return `<section><h2>${escape(title)}</h2>${body}</section>`
}

function paragraph(text: string): string {
  return `<p>${escape(text)}</p>`
}

function escape(text: string): string {
  return Bun.escapeHTML(text)
}

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:72rem;margin:2rem auto;padding:0 1rem}
svg{width:100%;max-width:54rem;font-size:12px;fill:currentColor}svg .rail{fill:currentColor;opacity:.1}svg .bar{fill:#3b7dd8}svg line{stroke:currentColor;stroke-width:2}
table{border-collapse:collapse;font-size:13px}th,td{padding:.15rem .5rem;text-align:right;border-bottom:1px solid rgb(128 128 128/.3)}th{font-weight:500}td.text{text-align:left}
th.tall{height:10rem;vertical-align:bottom}th.tall span{writing-mode:vertical-rl;transform:rotate(180deg)}pre{white-space:pre-wrap;overflow-wrap:anywhere;background:rgb(128 128 128/.12);padding:.5rem}`
