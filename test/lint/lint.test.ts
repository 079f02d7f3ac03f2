// hone lint as a user calls it: formats, exit codes, fixes, baselines, other sources, rewards.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { example, exampleCall } from '../../src/lint/rule.ts'
import { runHere } from '../here.ts'
import { forms, run, runInTerminal } from '../hone.ts'

setDefaultTimeout(120_000)
const folder = mkdtempSync(join(tmpdir(), 'hone-lint-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function lint(args: string[], input = '') {
  const { stdout, stderr, code } = await runHere(['lint', ...args], { cwd: folder, input })
  return { out: stdout, err: stderr, code }
}
const file = (name: string, ...lines: string[]) => {
  writeFileSync(join(folder, name), lines.map((line) => `${line}\n`).join(''))
  return name
}
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

const GOOD = example()
const QUOTED = exampleCall({ city: 'Oslo', days: '1' })
const other = (n: number) =>
  example({ id: `other-${n}`, messages: [{ role: 'user', content: `How warm is Oslo in ${n} days?` }] })

test('a clean file ends with 0 and says nothing on stdout, a finding ends with 1 and names its place', async () => {
  expect(await lint([file('good.jsonl', GOOD)])).toMatchObject({ out: '', code: 0 })
  const { out, code } = await lint([file('bad.jsonl', GOOD, QUOTED.replace('weather-1', 'weather-2'))])
  expect(code).toBe(1)
  const column = QUOTED.indexOf('"1"') + 1
  expect(out.split('\n')[1]).toBe(`bad.jsonl:2:${column} error HN306 get_weather(days): the number 1 is given as text`)
  expect(out.split('\n')[0]).toBe('bad.jsonl:2:1 error HN502 the same question as on line 1, another answer')
})

test('malformed lines are findings, an absent file and an unknown flag or rule end with 2', async () => {
  const { out, code } = await lint([file('cut.jsonl', '{"id": ', GOOD)])
  expect(code).toBe(1)
  expect(out).toMatch(/^cut\.jsonl:1:\d+ error HN001 /)
  for (const args of [
    ['absent.jsonl'],
    ['good.jsonl', '--selekt', 'HN1'],
    ['good.jsonl', '--select', 'HN9'],
    ['good.jsonl', '--format', 'sarf'],
    [],
  ])
    expect((await lint(args)).code).toBe(2)
})

test('every format says the same findings', async () => {
  const name = file('formats.jsonl', QUOTED)
  const [found] = JSON.parse((await lint([name, '--format', 'json'])).out)
  expect(Object.keys(found)).toEqual(['code', 'severity', 'file', 'line', 'column', 'message', 'hint'])
  const { column } = found
  expect(found).toMatchObject({ code: 'HN306', severity: 'error', file: name, line: 1 })
  expect(JSON.parse((await lint([name, '--format', 'ndjson'])).out)).toEqual(found)
  expect((await lint([name, '--format', 'github'])).out).toStartWith(
    `::error title=hone (HN306),file=${name},line=1,col=${column}::get_weather(days): the number 1 is given as text`,
  )
  const { runs, version } = JSON.parse((await lint([name, '--format', 'sarif'])).out)
  expect(version).toBe('2.1.0')
  const [result] = runs[0].results
  expect(result.ruleId).toBe('HN306')
  expect(runs[0].tool.driver.rules[result.ruleIndex].id).toBe('HN306')
  expect(result.locations[0].physicalLocation.region).toEqual({ startLine: 1, startColumn: column })
  const junit = (await lint([name, '--format', 'junit'])).out
  expect(junit).toContain(`<testcase name="HN306 ${name}:1:${column}"`)
  expect(JSON.parse((await lint(['good.jsonl', '--format', 'json'])).out)).toEqual([])
})

test('--select, --ignore, --statistics and --exit-zero choose what is said', async () => {
  const name = file('choose.jsonl', QUOTED, exampleCall({ days: 1 }).replace('weather-1', 'x'))
  expect((await lint([name, '--ignore', 'HN3,HN502'])).code).toBe(0)
  expect((await lint([name, '--select', 'HN302'])).out).toMatch(/^choose\.jsonl:2:\d+ error HN302/)
  expect((await lint([name, '--statistics', '--ignore', 'HN502'])).out).toMatch(/^ +1 {2}HN302 .*\n +1 {2}HN306 /)
  expect((await lint([name, '--exit-zero'])).code).toBe(0)
})

test('--diff shows, --fix mends, and a second --fix changes nothing', async () => {
  const name = file('fix.jsonl', QUOTED, `${other(2)}\r`, '', other(2).replace('other-2', 'other-3'), other(4))
  const before = read(name)
  const diff = await lint([name, '--diff'])
  expect(read(name)).toBe(before)
  expect(diff.code).toBe(1)
  expect((await lint([name, '--diff', '--exit-zero'])).code).toBe(0)
  expect(diff.out).toContain('-' + QUOTED)
  expect(diff.out).toContain('"days":1}')
  await lint([name, '--fix'])
  const once = read(name)
  expect(
    once
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).id),
  ).toEqual(['weather-1', 'other-2', 'other-4'])
  expect(JSON.parse(once.split('\n')[0]!).answer[0].arguments).toEqual({ city: 'Oslo', days: 1 })
  expect(once.split('\n')[2]).toBe(other(4))
  expect((await lint([name, '--fix'])).code).toBe(0)
  expect((await lint([name, '--diff'])).code).toBe(0)
  expect(read(name)).toBe(once)
})

test('a baseline hides what is known, wherever it moves, and shows what is new', async () => {
  const name = file('old.jsonl', QUOTED)
  expect((await lint([name, '--write-baseline', 'known.json'])).code).toBe(0)
  expect((await lint([name, '--baseline', 'known.json'])).code).toBe(0)
  file('old.jsonl', other(1), QUOTED)
  expect((await lint([name, '--baseline', 'known.json'])).code).toBe(0)
  appendFileSync(join(folder, name), exampleCall({ city: 5 }).replace('weather-1', 'new') + '\n')
  const { out, code } = await lint([name, '--baseline', 'known.json', '--ignore', 'HN502'])
  expect(code).toBe(1)
  expect(out.trim().split('\n')).toHaveLength(1)
  expect((await lint([name, '--baseline', 'absent.json'])).code).toBe(2)
})
  expect((await lint(['-', '--stdin-filename', 'a/b.jsonl'], QUOTED)).out).toStartWith('a/b.jsonl:1:')

test('standard input, compressed files, lists and other sources are linted too', async () => {
  expect((await lint(['-'], QUOTED)).out).toStartWith('-:1:')
  writeFileSync(join(folder, 'bad.jsonl.gz'), Bun.gzipSync(`${QUOTED}\n`))
  expect((await lint(['bad.jsonl.gz'])).out).toContain('HN306')
  writeFileSync(join(folder, 'list.json'), `[\n  ${GOOD},\n  ${QUOTED.replace('weather-1', 'w')}\n]`)
  expect((await lint(['list.json', '--ignore', 'HN502,HN012'])).out).toBe(
    `list.json:3:${QUOTED.replace('weather-1', 'w').indexOf('"1"') + 3} error HN306 get_weather(days): the number 1 is given as text\n`,
  )
  const xlam = (tools: string) =>
    JSON.stringify({ query: 'q', tools, answers: '[{"name": "f", "arguments": {"x": "1"}}]' })
  const row = xlam('[{"name": "f", "description": "d", "parameters": {"x": {"type": "int"}}}]')
  const { out, err } = await lint([file('xlam.jsonl', row, xlam('['))])
  expect(err).toContain('read as xlam')
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => line.split(' ').slice(0, 3).join(' ')),
  ).toEqual([
    `xlam.jsonl:1:${row.indexOf('\\"1\\"') + 1} error HN306`,
    `xlam.jsonl:2:${xlam('[').indexOf('"["') + 1} error HN110`,
  ])
})

test('rows of hone that lack the answer, or have it as text, are not taken for dialogues of another source', async () => {
  const { answer, ...rest } = JSON.parse(GOOD)
  for (const [row, finding] of [
    [rest, '1:1 error HN101 "answer" is absent'],
    [{ ...rest, answer: JSON.stringify(answer) }, 'error HN107 "answer" is JSON text, not a list'],
  ]) {
    const { out, err } = await lint([file('unanswered.jsonl', JSON.stringify(row))])
    expect(out).toContain(finding)
    expect(err).not.toContain('read as')
  }
})

test('a terminal shows the place in a list, and in a row made from another source', async () => {
  const [hone, source] = [forms[0]![1], '[{"name": "f", "arguments": {"x": "1"}}]']
  const tools = '[{"name": "f", "description": "d", "parameters": {"x": {"type": "int"}}}]'
  writeFileSync(join(folder, 'shown.json'), `[\n      ${QUOTED}\n]`)
  file('shown.jsonl', JSON.stringify({ query: 'q', tools, answers: source }))
  for (const name of ['shown.json', 'shown.jsonl']) {
    const { screen } = await runInTerminal(hone, ['lint', join(folder, name), '--ignore', 'HN012'], { NO_COLOR: '1' })
    const lines = screen.split(/\r?\n/)
    const caret = lines.findIndex((line) => /^ +\^$/.test(line))
    expect(lines[caret - 1]!.slice(lines[caret]!.length - 1)).toMatch(/^\\?"1\\?"/)
  }
})

test('--reward, --max-tokens and --against bring rules of their own', async () => {
  const name = file(
    'train.jsonl',
    GOOD,
    example({
      id: 'w',
      messages: [{ role: 'user', content: 'Bergen, please.' }],
      tools: [{ ...JSON.parse(GOOD).tools[0], name: 'x</tool_call>' }],
      answer: [{ name: 'x</tool_call>', arguments: { city: 'Bergen' } }],
    }),
  )
  expect((await lint([name])).code).toBe(0)
  expect((await lint([name, '--reward', 'tool-n1'])).out).toMatch(
    /^train\.jsonl:2:\d+ error HN501 the right answer scores 0 of 1 under tool-n1/,
  )
  const against = await lint([name, '--against', file('benchmark.jsonl', example({ id: 'test-9' }))])
  expect(against.out).toMatch(/^train\.jsonl:1:\d+ error HN505 the question is the same as test-9 of benchmark\.jsonl/)
})

test("an attack on Tool-N1's reward finds its known holes, and none in the paper's reading", async () => {
  const { out, code } = await lint(['--reward', 'tool-n1', '--format', 'ndjson'])
  expect(code).toBe(1)
  const found = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  const said = (code: string) => found.filter((each) => each.code === code).map(({ message }) => message.split(':')[0])
  // What is known of the published code: tags in any order or place, the last block counts, bare values raise.
  expect(said('HN901')).toEqual(
    expect.arrayContaining([
      'thinking tags in reverse order',
      'calls inside the thinking alone',
      'two blocks, the last one right',
      'a forged turn of the assistant',
    ]),
  )
  expect(said('HN902')).toEqual(expect.arrayContaining(['a bare number', 'a bare true']))
  const strict = (await lint(['--reward', 'tool-n1', '--mode', 'strict', '--format', 'ndjson'])).out
  for (const hole of ['reverse order', 'inside the thinking', 'two blocks', 'forged', 'after the calls'])
    expect(strict).not.toContain(hole)
})

test("a user's reward is attacked in a process of its own", async () => {
  writeFileSync(
    join(folder, 'reward.ts'),
    "export default ({ completion }: { completion: string }) => (completion.includes('get_weather') ? 1 : 0)\n",
  )
  const { out, code } = await lint(['--reward', './reward.ts', '--format', 'ndjson'])
  expect(code).toBe(1)
  expect(out).toContain('"message":"a number as text: earns 1, as the right answer does"')
})

test('a large file is linted on all cores with the same findings in the same order', async () => {
  const rows: string[] = []
  for (let i = 0; rows.length < 1_400; i++)
    rows.push(
      i % 40 === 7
        ? QUOTED.replace('weather-1', `w-${i}`).replace('tomorrow', `in ${i} days`)
        : i % 200 === 199
          ? other(1)
          : other(i).replace('Forecast for', `Forecast ${'x'.repeat(18_300)} for`),
    )
  file('large.jsonl', ...rows)
  expect(Bun.file(join(folder, 'large.jsonl')).size).toBeGreaterThan(24 * 2 ** 20)
  // The processes of the other parts are started with the words of this one.
  const many = run(forms[0]![1], ['lint', 'large.jsonl', '--format', 'ndjson'], { cwd: folder }).stdout
  // Standard input is read by one process.
  const one = (await lint(['-', '--format', 'ndjson'], read('large.jsonl'))).out
  expect(many.replaceAll('large.jsonl', '-')).toBe(one)
  const known = run(forms[0]![1], ['lint', 'large.jsonl', '--write-baseline', 'known.json'], { cwd: folder })
  expect(known.code).toBe(0)
  expect((await lint(['-', '--baseline', 'known.json'], read('large.jsonl'))).out).toBe('')
  expect(many.trim().split('\n').length).toBeGreaterThan(34)
})

test('an integer beyond every float is a finding', async () => {
  const { code, out } = await lint([
    file('huge.jsonl', example({ meta: {} }).replace('"meta":{}', `"meta":{"n":1${'0'.repeat(309)}}`)),
  ])
  expect(code).toBe(1)
  expect(out).toContain('loses precision')
})

test('rows in one list are a finding, once, with the rows looked at all the same', async () => {
  writeFileSync(join(folder, 'rows.json'), JSON.stringify([JSON.parse(GOOD), JSON.parse(QUOTED)], null, 2))
  const { out, code } = await lint(['rows.json', '--select', 'HN012,HN306', '--format', 'ndjson'])
  expect(code).toBe(1)
  const found = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(found.map(({ code, line }) => [code, line])).toEqual([
    ['HN012', 1],
    ['HN306', read('rows.json').slice(0, read('rows.json').indexOf('"1"')).split('\n').length],
  ])
})

test('--fix is offered where it works, and only there', async () => {
  const misspelt = example({ reviewed: true })
  const offers = async (name: string) => {
    const offered = (await lint([name])).err.includes('--fix may mend')
    const { code, err } = await lint([name, '--diff'])
    expect({ name, offered, refused: code === 2 }).toEqual({ name, offered, refused: !offered })
    return err
  }
  file('plain.jsonl', misspelt)
  writeFileSync(join(folder, 'packed.jsonl.gz'), Bun.gzipSync(`${misspelt}\n`))
  writeFileSync(join(folder, 'listed.json'), `[${misspelt}]`)
  expect(await offers('plain.jsonl')).toContain('1 line would change')
  expect(await offers('packed.jsonl.gz')).toContain('it is compressed')
  expect(await offers('listed.json')).toContain('it holds no hone rows a line')
  // Two fields that may be misspelt ones: no fix, no offer.
  file('unmended.jsonl', example({ mesages: [] }))
  expect((await lint(['unmended.jsonl'])).err).not.toContain('--fix')
})
