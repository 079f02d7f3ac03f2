// Runs one case: a copy of its folder, its models, its commands one after another, and what they left held against what is right.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import * as v from 'valibot'
import { isObject, parseJson, type Json, type JsonObject } from '../../src/text/json.ts'
import { first, isOperator, listed, miss, readable, rowMiss, say, type Miss } from './match.ts'
import { ModelSpec, writeModel } from './model.ts'

const Words = v.array(v.string())
/** `hone`, or `run`: another program, for which {COMMAND} stands for the words that start hone. */
const Program = v.strictObject({
  hone: v.optional(Words),
  run: v.optional(Words),
  stdin: v.optional(v.string()),
  env: v.optional(v.record(v.string(), v.string())),
  cwd: v.optional(v.string()),
  timeout: v.optional(v.number()),
})
type Program = v.InferOutput<typeof Program>
const Command = v.union([
  Program,
  v.pipe(
    Words,
    v.transform((hone): Program => ({ hone })),
  ),
])

const Header = v.looseObject({
  title: v.string(),
  models: v.optional(v.record(v.string(), ModelSpec), {}),
  command: v.union([Command, v.array(Command)]),
})

/** A case as it lies in its folder. */
export interface Case {
  /** Kind and name. */
  name: string
  folder: string
  title: string
  /** Programs other than hone that it starts. */
  programs: string[]
}

/** Every case below `root`, in order. */
export function findCases(root: string): Case[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('case.json'))
  return files.sort().map((path) => {
    const folder = join(root, dirname(path))
    const { title, command } = v.parse(Header, JSON.parse(readFileSync(join(root, path), 'utf8')))
    const programs = commandsOf(command).flatMap(({ run }) => (run === undefined ? [] : [run[0]!]))
    return { name: relative(root, folder), folder, title, programs: programs.filter((each) => each !== '{COMMAND}') }
  })
}

const commandsOf = (command: Program | Program[]): Program[] => (Array.isArray(command) ? command : [command])

/** What a command left. */
export interface Done {
  /** An exit code, or words where it did not end in time. */
  exit: number | string
  stdout: string
  stderr: string
}

/** Why a case does not hold; undefined where it does. `hone` are the words that start hone, `root` is its checkout. */
export async function runCase({ folder }: Case, hone: readonly string[], root: string): Promise<Miss> {
  const here = mkdtempSync(join(tmpdir(), 'hone-case-'))
  try {
    cpSync(folder, here, { recursive: true })
    const text = readFileSync(join(folder, 'case.json'), 'utf8')
    const { models, command } = v.parse(Header, JSON.parse(text))
    for (const [name, spec] of Object.entries(models)) {
      writeModel(join(here, name), spec)
      for (const [target, source] of Object.entries(spec.files)) {
        mkdirSync(dirname(join(here, name, target)), { recursive: true })
        cpSync(join(here, source), join(here, name, target))
      }
    }
    const commands = commandsOf(command)
    // Numbers of what is expected keep their type: 5 and 5.0 differ.
    const given = parseJson(text)
    const expected = isObject(given) ? (given['expect'] ?? null) : null
    const expects = Array.isArray(expected) ? expected : [...commands.slice(1).map((): Json => ({ exit: 0 })), expected]
    if (expects.length !== commands.length) return 'the case has not as many expectations as commands'
    for (const [i, each] of commands.entries()) {
      const wrong = check(expects[i]!, await runCommand(each, { hone, root, here, turn: i }), here)
      if (wrong !== undefined) return commands.length > 1 ? `command ${i + 1}: ${wrong}` : wrong
    }
    return undefined
  } finally {
    rmSync(here, { recursive: true, force: true })
  }
}

const SECONDS = 60

async function runCommand(
  command: Program,
  { hone, root, here, turn }: { hone: readonly string[]; root: string; here: string; turn: number },
): Promise<Done> {
  const filled = (text: string) => text.replaceAll('{HONE}', root).replaceAll('{HERE}', here)
  const { timeout = SECONDS } = command
  const words = (command.hone ?? command.run ?? []).flatMap((word) =>
    word === '{COMMAND}' ? [...hone] : [filled(word)],
  )
  const own = Object.entries(command.env ?? {}).map(([name, value]) => [name, filled(value)])
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('HONE_') || name === 'HONE_CACHE' || name === 'HONE_ORT_DIR',
  )
  const files = mkdtempSync(join(tmpdir(), 'hone-case-output-'))
  try {
    const [out, err] = [join(files, `out-${turn}`), join(files, `err-${turn}`)]
    for (const path of [out, err]) writeFileSync(path, '')
    const child = Bun.spawn(command.hone ? [...hone, ...words] : words, {
      cwd: join(here, command.cwd ?? '.'),
      env: Object.fromEntries([...inherited, ['NO_COLOR', '1'], ['PYTHONDONTWRITEBYTECODE', '1'], ...own]),
      stdin: command.stdin === undefined ? 'ignore' : Bun.file(join(here, command.stdin)),
      stdout: Bun.file(out),
      stderr: Bun.file(err),
      detached: true,
    })
    const late = Bun.sleep(timeout * 1000).then(() => `none within ${timeout} s`)
    const exit = await Promise.race([child.exited, late])
    endGroup(child.pid)
    await child.exited
    return { exit, stdout: readFileSync(out, 'utf8'), stderr: readFileSync(err, 'utf8') }
  } finally {
    rmSync(files, { recursive: true, force: true })
  }
}

/** Whatever a command left running. */
function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It left nothing.
  }
}

const EXPECTATIONS = ['exit', 'stdout', 'stderr', 'files', 'one_of']

/** Why what a command left is not as expected. */
export function check(expect: Json, done: Done, here: string): Miss {
  if (!isObject(expect)) return undefined
  const strange = Object.keys(expect).find((key) => !EXPECTATIONS.includes(key))
  if (strange !== undefined) return `the case has an unknown expectation: ${strange}`
  const { exit, stdout, stderr, files, one_of: choices } = expect
  if (exit !== undefined && !listed(exit).includes(done.exit))
    return `exit ${done.exit}, expected ${say(exit)}; stderr: ${say(done.stderr)}`
  return first([
    stdout === undefined ? undefined : checkText(stdout, done.stdout, 'stdout', here),
    stderr === undefined ? undefined : checkText(stderr, done.stderr, 'stderr', here),
    ...(isObject(files)
      ? Object.entries(files).map(([name, each]) => checkFile(each, name.replaceAll('{HERE}/', ''), here))
      : []),
    choices === undefined ? undefined : oneOf(listed(choices).map((each) => check(each, done, here))),
  ])
}

const oneOf = (found: Miss[]): Miss => (found.includes(undefined) ? undefined : `none of: ${found.join(' | ')}`)

function checkFile(expect: Json, name: string, here: string): Miss {
  const path = join(here, name)
  if (isObject(expect) && expect['absent'] === true) return existsSync(path) ? `${name} should not be there` : undefined
  if (!existsSync(path)) return `${name}: there is no such file`
  if (isObject(expect) && expect['exists'] === true) return undefined
  if (isObject(expect) && expect['same_as'] !== undefined) {
    const other = join(here, String(expect['same_as']))
    const same = existsSync(other) && readFileSync(other).equals(readFileSync(path))
    return same ? undefined : `${name} is not equal to ${say(expect['same_as'])}`
  }
  return checkText(expect, readFileSync(path, 'utf8'), name, here)
}

const ROWS = ['rows', 'count', 'each_row', 'has_row', 'no_row']

/** A pattern (plain text: is contained), or an object that looks at the rows, the JSON value or the text. */
function checkText(expect: Json, text: string, at: string, here: string): Miss {
  if (typeof expect === 'string') return miss({ $contains: expect }, text, at, here)
  if (!isObject(expect) || isOperator(expect)) return miss(expect, text, at, here)
  const value = expect['json'] === undefined ? undefined : readable(text)
  return first([
    ROWS.some((key) => key in expect) ? checkRows(expect, text, at, here) : undefined,
    expect['json'] === undefined
      ? undefined
      : value === undefined
        ? `${at} is not JSON: ${say(text)}`
        : rowMiss(expect['json'], value, at, here),
    expect['text'] === undefined ? undefined : miss(expect['text'], text, at, here),
  ])
}

function checkRows(expect: JsonObject, text: string, at: string, here: string): Miss {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const rows = lines.map(readable)
  const unread = rows.indexOf(undefined)
  if (unread >= 0) return `${at}, row ${unread + 1} is not JSON: ${say(lines[unread])}`
  const of = (want: Json) => rows.map((row, i) => rowMiss(want, row, `${at} row ${i + 1}`, here))
  const { rows: wanted, count } = expect
  if (Array.isArray(wanted) && wanted.length !== rows.length)
    return `${at}: expected ${wanted.length} rows, got ${rows.length}: ${say(text)}`
  return first([
    ...(Array.isArray(wanted) ? wanted.map((want, i) => rowMiss(want, rows[i], `${at} row ${i + 1}`, here)) : []),
    count === undefined ? undefined : miss(count, rows.length, `number of rows of ${at}`, here),
    ...rowsOf(expect, 'each_row').flatMap(of),
    ...rowsOf(expect, 'has_row').map((want) =>
      of(want).includes(undefined) ? undefined : `no row of ${at} is ${say(want)}: ${of(want).join(' | ')}`,
    ),
    ...rowsOf(expect, 'no_row').map((want) =>
      of(want).includes(undefined) ? `a row of ${at} should not be ${say(want)}` : undefined,
    ),
  ])
}

const rowsOf = (expect: JsonObject, key: string): Json[] => (expect[key] === undefined ? [] : listed(expect[key]!))
