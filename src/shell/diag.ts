// What a check found, and the table of formats in which findings are written: text, ndjson, json, github, sarif, junit.
import { lookup } from '../error.ts'
import { data, visible } from '../out.ts'
import { paint } from './colour.ts'
import { version } from './version.ts'

/** From the mildest on. */
export const SEVERITIES = ['info', 'warning', 'error'] as const
export type Severity = (typeof SEVERITIES)[number]

/** Whether a finding is as severe as `least`, or more. */
export const isAtLeast = (severity: Severity, least: Severity): boolean =>
  SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least)

/** One finding. Lines and columns count from 1; columns are UTF-16 units, as editors count them. */
export interface Diagnostic {
  code: string
  severity: Severity
  file: string
  line: number
  column: number
  message: string
  hint: string | null
}

/** What a format may use beside the finding itself. */
export interface Source {
  /** The text around it, where it is at hand: the line, or the row as it is checked. */
  text?: string | undefined
  /** Where it stands in the text, from 0; unsaid, where its column is. */
  at?: number | undefined
}

/** What a rule says of itself, for formats that list rules. */
export interface RuleInfo {
  code: string
  severity: Severity
  what: string
  why: string
  /** What to do about it. */
  hint: string
}

/** A format under way: findings one by one, then the end. */
export interface DiagnosticWriter {
  write(diagnostic: Diagnostic, source?: Source): void
  end(rules: readonly RuleInfo[]): void
}

export interface DiagnosticFormat {
  what: string
  open(): DiagnosticWriter
}

export const diagnosticFormats: Record<string, DiagnosticFormat> = {
  text: { what: 'one line a finding; with the place and a hint on a terminal', open: openText },
  ndjson: {
    what: 'one JSON object a finding',
    open: () => ({ write: (found) => data(JSON.stringify(found)), end() {} }),
  },
  json: { what: 'one JSON array', open: () => collected((all) => JSON.stringify(all, null, 2)) },
  github: { what: 'GitHub workflow commands', open: () => ({ write: (found) => data(githubLine(found)), end() {} }) },
  sarif: { what: 'SARIF 2.1.0', open: () => collected((all, rules) => JSON.stringify(sarif(all, rules), null, 2)) },
  junit: { what: 'JUnit XML', open: () => collected(junit) },
}

/** The format of that name; unnamed, github in a workflow of GitHub and else text. @throws HoneError with the nearest name. */
export function diagnosticFormat(
  name: string | undefined,
  environment: Record<string, string | undefined>,
): DiagnosticFormat {
  const wanted =
    name ??
    environment['HONE_FORMAT'] ??
    (environment['GITHUB_ACTIONS'] === 'true' && !process.stdout.isTTY ? 'github' : 'text')
  return lookup(diagnosticFormats, 'format', wanted)
}

function collected(render: (all: Diagnostic[], rules: readonly RuleInfo[]) => string): DiagnosticWriter {
  const all: Diagnostic[] = []
  return { write: (found) => void all.push(found), end: (rules) => data(render(all, rules)) }
}

const COLOURS = { error: 'red', warning: 'yellow', info: 'cyan' } as const

function openText(): DiagnosticWriter {
  const excerpts = Boolean(process.stdout.isTTY)
  const style = (colour: Parameters<typeof paint>[0], text: string) => paint(colour, text, process.stdout)
  return {
    write(found, source) {
      const { code, severity, line, column } = found
      const [file, message, hint] = [found.file, found.message, found.hint ?? ''].map(visible)
      data(`${style('bold', `${file}:${line}:${column}`)} ${style(COLOURS[severity], severity)} ${code} ${message}`)
      if (!excerpts) return
      if (source?.text !== undefined)
        for (const each of excerpt(source.text, source.at ?? column - 1, process.stdout.columns || 80))
          data(`  ${each}`)
      if (hint) data(`  hint: ${hint}`)
    },
    end() {},
  }
}

/** The part of a text around an offset, and a caret below it. */
function excerpt(text: string, at: number, width: number): [string, string] {
  const room = Math.max(20, width - 6)
  const start = Math.max(0, Math.min(at - Math.floor(room / 3), text.length - room))
  const part = text.slice(start, start + room).replace(/[\x00-\x1f\x7f-\x9f]/g, ' ')
  const [before, after] = [start > 0 ? '…' : '', start + room < text.length ? '…' : '']
  return [before + part + after, ' '.repeat(before.length + Bun.stringWidth(part.slice(0, at - start))) + '^']
}

function githubLine({ code, severity, file, line, column, message, hint }: Diagnostic): string {
  const level = severity === 'info' ? 'notice' : severity
  const property = (text: string) => escapeGithub(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
  const text = hint ? `${message}. ${hint}` : message
  return `::${level} title=${property(`hone (${code})`)},file=${property(file)},line=${line},col=${column}::${escapeGithub(text)}`
}

const escapeGithub = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** https://docs.oasis-open.org/sarif/sarif/v2.1.0/ */
function sarif(all: readonly Diagnostic[], rules: readonly RuleInfo[]): object {
  const levels = { error: 'error', warning: 'warning', info: 'note' }
  const index = new Map(rules.map(({ code }, i) => [code, i]))
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'hone',
            version,
            rules: rules.map(({ code, severity, what, why, hint }) => ({
              id: code,
              shortDescription: { text: what },
              fullDescription: { text: why },
              // No page on the web is hone's to name; the program has the page.
              help: {
                text: `What to do: ${hint}. hone explain ${code} shows a row that has it, and the same mended.`,
                markdown: `What to do: ${hint}. \`hone explain ${code}\` shows a row that has it, and the same mended.`,
              },
              defaultConfiguration: { level: levels[severity] },
            })),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: all.map(({ code, severity, file, line, column, message, hint }) => ({
          ruleId: code,
          ...(index.has(code) ? { ruleIndex: index.get(code) } : {}),
          level: levels[severity],
          message: { text: hint ? `${message}. ${hint}` : message },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: encodeURI(file) },
                region: { startLine: line, startColumn: column },
              },
            },
          ],
        })),
      },
    ],
  }
}

function junit(all: readonly Diagnostic[]): string {
  const cases = all.map(
    ({ code, severity, file, line, column, message, hint }) =>
      `    <testcase name="${xml(`${code} ${file}:${line}:${column}`)}" classname="${xml(file)}">\n` +
      `      <failure type="${severity}" message="${xml(message)}">${xml(hint ?? '')}</failure>\n    </testcase>`,
  )
  // A suite without cases reads as "nothing ran"; a clean file is one case that passes.
  if (cases.length === 0) cases.push('    <testcase name="no findings" classname="hone lint"/>')
  const counts = `tests="${cases.length}" failures="${all.length}"`
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="hone" ${counts}>\n  <testsuite name="hone lint" ${counts}>\n${cases.join('\n')}\n  </testsuite>\n</testsuites>`
}

/** XML 1.0 has no way to write most control characters. */
const xml = (text: string): string =>
  text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd')
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
