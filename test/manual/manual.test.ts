// The manual as a reader meets it: found by name, wrapped to a terminal, as a site, as a manual page.
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { commands } from '../../src/commands.ts'
import { contents } from '../../src/manual/contents.ts'
import { find, topics } from '../../src/manual/find.ts'
import { manPage } from '../../src/manual/man.ts'
import { openManual } from '../../src/manual/open.ts'
import { pages } from '../../src/manual/pages.ts'
import { settingEntries } from '../../src/manual/reference/settings.ts'
import { metricEntries } from '../../src/manual/reference/tables.ts'
import { onTerminal } from '../../src/manual/terminal.ts'
import { metricOf } from '../../src/rundir/metrics.ts'
import { runHere } from '../here.ts'
import { forms, run, runInTerminal } from '../hone.ts'
import { scratch } from '../scratch.ts'

const manual = await openManual(commands)

test('every page has a title and a summary, and the list of contents names it', () => {
  for (const { name, what, markdown } of pages) {
    expect(markdown).toMatch(/^# \S/)
    expect(what).not.toBe('')
    expect(contents()).toContain(`| \`${name}\` | ${what}`)
  }
})

test('settings and metrics that pages name are there', () => {
  const settings = new Set(settingEntries().map(({ name }) => name))
  const families = new Set(metricEntries().flatMap(({ name }) => /^(\w+)\//.exec(name)?.[1] ?? []))
  for (const { name, markdown } of pages) {
    const text = markdown.replaceAll(/^```[^]*?^```$/gm, '')
    const keys = [...text.matchAll(/`([a-z]+(?:[A-Z][a-z]+)+)(?:: [^`]*)?`/g)].map(([, key]) => key!)
    const figures = [...text.matchAll(/`(\w+)\/[\w/]+`/g)].filter(([, family]) => families.has(family!))
    expect({ name, keys: keys.filter((key) => !settings.has(key)) }).toEqual({ name, keys: [] })
    for (const [code] of figures) expect(metricOf(code.slice(1, -1))).toBeDefined()
  }
})

test('every row of every table is found by its name, with what it is', () => {
  for (const { entries, kind } of manual.listed) {
    expect({ kind, count: entries.length }).not.toEqual({ kind, count: 0 })
    for (const { name, aliases = [], what } of entries) {
      expect(what).not.toBe('')
      for (const each of [name, ...aliases].filter((each) => !topics().includes(each))) {
        const page = find(each, manual)
        expect(page).toContain(`(${kind}`)
        expect(page).toContain(what)
      }
    }
  }
})

test('a topic that there is not ends with 2 and the nearest name, a command shows its own help', async () => {
  expect(await runHere(['help', 'metrcs'])).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('did you mean metrics?'),
  })
  expect(await runHere(['help', 'lint'])).toEqual(await runHere(['lint', '--help']))
})

test('a page is Markdown in a pipe, and drawn on a terminal', async () => {
  const words = ['help', 'rows']
  expect(run(forms[0]![1], words)).toEqual({ code: 0, stdout: find('rows', manual).trimEnd() + '\n', stderr: '' })
  const coloured = run(forms[0]![1], [...words, '--color', 'always']).stdout
  expect(coloured).toContain('\x1b[1m')
  expect(Bun.stripANSI(coloured)).toStartWith('Row formats\n═══')
  const { code, screen } = await runInTerminal(forms[0]![1], words)
  expect(code).toBe(0)
  expect(screen).toContain('\x1b[1m')
  expect(Bun.stripANSI(screen)).toMatch(/^Row formats\r?\n═+\r?\n/)
})

test.each([50, 80, 200])(
  'on a terminal of %d columns running text keeps within it, and code can be copied',
  (columns) => {
    const stream = Object.create(process.stdout, { columns: { value: columns }, isTTY: { value: true } })
    for (const { markdown } of pages) {
      const lines = onTerminal(markdown, stream).map((line) => Bun.stripANSI(line))
      const edges = (edge: string) => lines.filter((line) => line.startsWith(edge)).length
      expect(edges('┌─')).toBe(edges('└─'))
      expect(edges('┌─')).toBe(edges('├─'))
      expect(lines.filter((line) => !/^ {4}|[│├┌└]/.test(line) && Bun.stringWidth(line) > columns)).toEqual([])
      for (const [, body] of markdown.matchAll(/^```.*\n([^]*?)^```$/gm))
        for (const line of body!.trimEnd().split('\n')) expect(lines).toContain(line === '' ? '    ' : `    ${line}`)
    }
  },
)

test('the site holds every topic, and every link in it leads somewhere', async () => {
  const folder = join(scratch(), 'manual')
  expect(await runHere(['help', '--html', folder])).toMatchObject({ code: 0, stdout: '' })
  const files = readdirSync(folder)
  expect(files.toSorted()).toEqual(['index', ...topics()].map((name) => `${name}.html`).toSorted())
  const texts = new Map(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  for (const [file, text] of texts)
    for (const [, href] of text.matchAll(/href="([^"]*)"/g)) {
      const [page = '', id] = href!.split('#')
      const target = texts.get(page === '' ? file : page)
      const found =
        page.startsWith('http') || (target !== undefined && (id === undefined || target.includes(`id="${id}"`)))
      expect({ file, href, found }).toEqual({ file, href, found: true })
    }
})

test('the site is not written over something else', async () => {
  const folder = scratch()
  writeFileSync(join(folder, 'mine.txt'), '')
  expect(await runHere(['help', '--html', folder])).toMatchObject({ code: 2 })
  expect(readdirSync(folder)).toEqual(['mine.txt'])
})

test('the manual page is troff of the man macros, with every command', () => {
  const text = manPage(manual.commands, '1.2.3', '2026-01-02')
  const requests = [...text.matchAll(/^\.(\S*)/gm)].map(([, name]) => name)
  expect([...new Set(requests)].toSorted()).toEqual(['B', 'EE', 'EX', 'I', 'PP', 'SH', 'SS', 'TH', 'TP'])
  for (const [name] of manual.commands) expect(text).toContain(`.SS hone ${name.replaceAll('-', '\\-')} `)
})

test.skipIf(!Bun.which('groff'))('groff sets the manual page without a warning', () => {
  const { stdout, stderr } = Bun.spawnSync(['groff', '-man', '-Tutf8', '-ww'], {
    stdin: Buffer.from(manPage(manual.commands, '1.2.3', '2026-01-02')),
  })
  expect(stderr.toString()).toBe('')
  expect(stdout.toString()).toContain('hone train')
})
