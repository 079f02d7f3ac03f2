// The command line as a script and as a person meet it, from source and from the binary.
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as v from 'valibot'
import { strictArguments } from '../../src/shell/flags.ts'
import { leavesOf } from '../../src/shell/schema.ts'
import { argument, count, file, say, toggle } from '../../src/text/setting.ts'
import { isColoured } from '../../src/shell/colour.ts'
import { runHere, runnerOf } from '../here.ts'
import { describeForms, forms, isBuilt, run, runInTerminal } from '../hone.ts'
import { scratch } from '../scratch.ts'

const [, source] = forms[0]!
const commands: { name: string; description: string }[] = JSON.parse((await runHere(['help', '--json'])).stdout)

describeForms((start, form) => {
  const runIt = runnerOf(start, form)
  const hone = (...words: string[]) => runIt(words, { cwd: tmpdir() })

  test('--version prints one line of data', async () => {
    expect(await hone('--version')).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+( \([0-9a-f]+(-dirty)?\))?\n$/),
      stderr: '',
    })
  })

  test('HONE_DEBUG shows where in the source an error was thrown', () => {
    const { code, stderr } = run(start, ['train', 'absent.yaml'], { env: { HONE_DEBUG: '1' }, cwd: tmpdir() })
    expect(code).toBe(2)
    expect(stderr).toMatch(/src\/shell\/config-file\.ts:\d+:\d+/)
  })

  test('help that was asked for is data, help that was not goes to stderr with exit 2', async () => {
    const asked = await hone('--help')
    expect(asked).toMatchObject({ code: 0, stderr: '' })
    expect(await hone()).toEqual({ code: 2, stdout: '', stderr: asked.stdout })
    for (const { name } of commands) expect(asked.stdout).toContain(`  ${name} `)
  })

  test('every command has a description and a help page, and refuses an unknown flag', async () => {
    for (const { name, description } of commands) {
      const page = await hone(name, '--help')
      expect(page).toMatchObject({ code: 0, stderr: '' })
      expect(page.stdout).toMatch(new RegExp(`^.${RegExp.escape(description.slice(1))}\n\nUsage: hone ${name} `))
      const refused = await hone(name, '--no-such-flag')
      expect(refused).toMatchObject({ code: 2, stdout: '' })
      expect(refused.stderr).toStartWith('error: Unknown flag: --no-such-flag\n\nhint: ')
    }
    expect(await hone('help', 'doctor')).toEqual(await hone('doctor', '--help'))
  }, 120_000)

  test('help of a training command shows the values in force, each with where it comes from', async () => {
    const config = join(mkdtempSync(join(tmpdir(), 'hone-help-')), 'job.yaml')
    writeFileSync(config, 'preset: dapo\nlearning_rate: 3e-5\n')
    const { code, stdout } = await runIt(['train', config, '--seed', '7', '--help'], {
      env: { HONE_EPOCHS: '2', HONE_THREADS: '3' },
    })
    const rowOf = (flag: string) => new RegExp(`^  ${flag}(?: .*)?(?:\n   .*)?`, 'm').exec(stdout)?.[0]
    expect(code).toBe(0)
    expect(rowOf('--preset')).toEndWith(`[default: dapo from ${config}:1]`)
    expect(rowOf('--learning-rate')).toEndWith(`[default: 3e-5 from ${config}:2]`)
    expect(rowOf('--clip-high')).toEndWith('[default: 0.28 from preset dapo]')
    expect(rowOf('--mask-truncated')).toEndWith('[default: true from preset dapo]')
    expect(rowOf('--epochs')).toEndWith('[default: 2 from HONE_EPOCHS]')
    expect(rowOf('--seed')).toEndWith('[default: 7 from --seed]')
    expect(rowOf('--group-size')).toEndWith('[default: 5]')
    expect(rowOf('--threads')).toEndWith('[default: 3 from HONE_THREADS]')
    expect((await hone('sft', '--preset', 'full', '--help')).stdout).toContain('[default: 1e-5 from preset full]')
    expect((await hone('plan', '--batch-size', '2', '--help')).stdout).toContain('[default: 20 from preset tool-n1]')
    expect((await hone('train', '--help')).stdout).toContain('[default: tool-n1]')
  })

  test('help is given beside a wrong flag, but not for a file that cannot be read', async () => {
    expect(await hone('train', '--no-such-flag', '--help')).toEqual(await hone('train', '--help'))
    expect(await hone('train', 'absent.yaml', '--help')).toMatchObject({ code: 2, stdout: '' })
  })

  test('words that every object of JavaScript has are no commands and no shells', async () => {
    for (const word of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(await hone(word)).toMatchObject({ code: 2, stderr: expect.stringContaining(`Unknown command: ${word}`) })
      expect((await hone('complete', word)).code).toBe(2)
    }
  })

  test('an unknown command or flag is named with the nearest one', async () => {
    expect(await hone('docter')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: Unknown command: docter\n\nhint: did you mean doctor?\n',
    })
    expect(await hone('doctor', '--fromat', 'json')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'error: Unknown flag: --fromat\n\nhint: did you mean --format?\n',
    })
    expect((await hone('doctor', '--format', 'jsn')).stderr).toBe(
      'error: --format must be one of text, json, ndjson: current value is "jsn"\n\nhint: did you mean json?\n',
    )
  })

  test('what is given by its place and was given as a flag is answered with the place', async () => {
    expect((await hone('infer', '--model', 'x')).stderr).toBe(
      'error: Cannot use --model as a flag: it is given by its place\n\nhint: usage: hone infer MODEL [options]\n',
    )
  })

  test('a repeated flag, a missing value and an extra argument are refused', async () => {
    expect((await hone('doctor', '--format', 'json', '--format', 'text')).stderr).toStartWith(
      'error: Cannot use --format more than once\n',
    )
    expect((await hone('doctor', '--format')).stderr).toStartWith('error: --format needs a value\n')
    expect((await hone('doctor', 'x')).stderr).toBe(
      'error: Unexpected argument "x"\n\nhint: usage: hone doctor [options]\n',
    )
  })

  test('doctor gives the same findings in every format', async () => {
    const findings: { name: string; value: string }[] = JSON.parse((await hone('doctor', '--format', 'json')).stdout)
    const lines = (await hone('doctor', '--format', 'ndjson')).stdout.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).name)).toEqual(findings.map(({ name }) => name))
    const { stdout, code } = await hone('doctor')
    expect(code).toBe(0)
    for (const { name } of findings) expect(stdout).toContain(name)
    expect(findings.find(({ name }) => name === 'cpu')).toMatchObject({ area: 'devices', state: 'ok' })
  })

  test('doctor shows no secret', async () => {
    const { stdout } = await runIt(['doctor'], { env: { HONE_TOKEN: 's3cret', OPENAI_API_KEY: 's3cret' } })
    expect(stdout).toContain('HONE_TOKEN')
    expect(stdout).not.toContain('s3cret')
  })

  test('doctor knows the variables of settings, and a misspelt one', async () => {
    const { code, stdout } = await runIt(['doctor', '--format', 'json'], {
      env: { HONE_LEARNING_RATE: '1', HONE_LEARNIN_RATE: '1' },
    })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        name: 'HONE_LEARNING_RATE',
        state: 'ok',
        note: expect.stringMatching(/^a setting of sft, .*train/),
      }),
    )
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({
        name: 'HONE_LEARNIN_RATE',
        state: 'missing',
        note: 'hone reads no such variable',
        hint: 'did you mean HONE_LEARNING_RATE?',
      }),
    )
  })

  test('doctor tells of a cache and a runtime that cannot be used, and exits 1', async () => {
    const { code, stdout } = await runIt(['doctor', '--format', 'json'], {
      env: { HONE_CACHE: '/dev/null/none', HONE_ORT_DIR: '/absent' },
    })
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ area: 'cache', name: '/dev/null/none', state: 'broken' }),
    )
    expect(JSON.parse(stdout)).toContainEqual(
      expect.objectContaining({ area: 'environment', name: 'HONE_ORT_DIR', value: '/absent' }),
    )
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ name: 'ONNX Runtime', state: 'broken' }))
  })

  test('help is bold in a terminal, plain in a pipe and with NO_COLOR', async () => {
    const bold = '\x1b[1m'
    expect((await runInTerminal(start, ['--help'])).screen).toContain(`${bold}Usage:`)
    expect((await runInTerminal(start, ['--help'], { NO_COLOR: '1' })).screen).not.toContain(bold)
    expect((await hone('--help')).stdout).not.toContain('\x1b')
  })

  test('help keeps within the width of a terminal', async () => {
    const { screen } = await runInTerminal(start, ['train', '--help'])
    const widths = Bun.stripANSI(screen)
      .split('\r\n')
      .map((line) => Bun.stringWidth(line))
    expect(Math.max(...widths)).toBeLessThanOrEqual(80)
  })

  test('an error in a terminal reads the same as in a pipe', async () => {
    const { code, screen } = await runInTerminal(start, ['docter'])
    expect(code).toBe(2)
    expect(screen.replaceAll('\r\n', '\n')).toBe((await hone('docter')).stderr)
  })

  test('a reader that closes early ends the program quietly', () => {
    const { exitCode, stdout, stderr } = Bun.spawnSync([
      'bash',
      '-c',
      '"$@" | head -1',
      '-',
      ...start,
      'help',
      '--json',
    ])
    expect({ exitCode, stdout: stdout.toString(), stderr: stderr.toString() }).toEqual({
      exitCode: 0,
      stdout: '[\n',
      stderr: '',
    })
  })
})

test('a shell completes commands, flags and their values by asking hone', async () => {
  const complete = async (...words: string[]) =>
    (await runHere(['complete', '--', ...words])).stdout.trimEnd().split('\n')
  expect(await complete('doc')).toEqual(['doctor'])
  expect(await complete('doctor', '--fo')).toEqual(['--format'])
  expect(await complete('doctor', '--format', 'j')).toEqual(['json'])
  expect(await complete('train', '--schedule', '')).toContain('cosine')
  expect(await complete('init', 'e')).toEqual(['env'])
  expect(await complete('help', 'doc')).toEqual(['doctor'])
  expect(await complete('complete', 'power')).toEqual(['powershell'])
  const asked =
    'hone() { "${hone[@]}" "$@"; }; eval "$(hone complete bash)"; COMP_WORDS=(hone doctor --format n); COMP_CWORD=3; _hone; echo "${COMPREPLY[@]}"'
  expect(Bun.spawnSync(['bash', '-c', `hone=("$@"); ${asked}`, '-', ...source]).stdout.toString()).toBe('ndjson\n')
  expect(await runHere(['complete', 'tcsh'])).toMatchObject({
    code: 2,
    stderr: 'error: Cannot complete for "tcsh"\n\nhint: usage: hone complete bash|zsh|powershell|fish\n',
  })
})

test('data that cannot be written is an error with one line and exit 2', () => {
  const { exitCode, stderr } = Bun.spawnSync(['bash', '-c', '"$@" > /dev/full', '-', ...source, 'help', '--json'])
  expect({ exitCode, stderr: stderr.toString() }).toEqual({
    exitCode: 2,
    stderr: 'error: Cannot write: no space left on device\n',
  })
})

test.skipIf(!isBuilt)('the binary takes no orders from files in the folder where it is run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hone-hostile-'))
  writeFileSync(join(folder, 'order.ts'), 'console.log("obeyed")')
  writeFileSync(join(folder, 'bunfig.toml'), 'preload = ["./order.ts"]')
  writeFileSync(join(folder, '.env'), 'HONE_CACHE=/obeyed')
  writeFileSync(join(folder, 'tsconfig.json'), '{"compilerOptions": {"paths": {"citty": ["./order.ts"]}}}')
  const { code, stdout } = run(forms[1]![1], ['doctor'], { cwd: folder })
  rmSync(folder, { recursive: true })
  expect(code).toBe(0)
  expect(stdout).not.toContain('obeyed')
})

const leaves = leavesOf(
  v.object({
    files: argument(v.array(v.string()), ''),
    rate: say(v.number(), ''),
    maxTokens: say(count(), ''),
    out: say(file(), '', 'o'),
    fast: say(toggle(), ''),
  }),
)
const read = (argv: string[]) => strictArguments(argv, leaves, 'usage: it')

test('negative numbers, - and everything after -- are values', () => {
  expect(read(['-', '--rate', '-5', '-o', '-', '-0.5', '--', '--rate', '-x'])).toEqual([
    '--rate=-5',
    '--out=-',
    '--',
    '-',
    '-0.5',
    '--rate',
    '-x',
  ])
})

test('a message is no longer than people read, whatever a file or a word holds', async () => {
  const { code, stderr } = await runHere(['score', '-', '--reward', 'x'.repeat(100_000)])
  expect(code).toBe(2)
  expect(stderr.length).toBeLessThan(5000)
})

test('a flag may be written with dashes, underscores or as it is declared', () => {
  for (const flag of ['--max-tokens', '--max_tokens', '--maxTokens']) {
    expect(read([flag, '3'])).toEqual(['--max-tokens=3', '--'])
  }
})

test('a boolean flag is turned off by --no-, and takes true or false at most', () => {
  expect(read(['--fast'])).toEqual(['--fast', '--'])
  expect(read(['--no-fast'])).toEqual(['--no-fast', '--'])
  expect(read(['--fast=false'])).toEqual(['--no-fast', '--'])
  expect(() => read(['--fast=5'])).toThrow('--fast takes no value: current value is "5"')
})

test('any value survives behind an equals sign', () => {
  fc.assert(fc.property(fc.string(), (value) => expect(read([`--rate=${value}`])).toEqual([`--rate=${value}`, '--'])))
})

test('nothing of a command, neither citty nor a schema, is loaded before one is chosen', async () => {
  const root = join(import.meta.dir, '..', '..', 'src')
  const scan = new Bun.Transpiler({ loader: 'ts' })
  const loaded = new Set([join(root, 'main.ts')])
  for (const file of loaded) {
    if (!file.startsWith(root)) continue
    const text = await Bun.file(file).text()
    for (const { path, kind } of scan.scanImports(text.replace(/^#!.*/, '')))
      if (kind === 'import-statement') loaded.add(path.startsWith('.') ? join(file, '..', path) : path)
  }
  const names = [...loaded].map((each) => each.replace(`${root}/`, ''))
  expect(names.toSorted()).toEqual([
    'commands.ts',
    'error.ts',
    'main.ts',
    'node:fs',
    'out.ts',
    'shell/builtins.ts',
    'shell/cli.ts',
  ])
})

test('colour follows --color, then FORCE_COLOR and CLICOLOR_FORCE, then NO_COLOR, then the terminal', () => {
  const [pipe, terminal] = [{ isTTY: false }, { isTTY: true }]
  expect(isColoured(pipe, {})).toBe(false)
  expect(isColoured(terminal, {})).toBe(true)
  expect(isColoured(terminal, { NO_COLOR: '1' })).toBe(false)
  expect(isColoured(terminal, { NO_COLOR: '' })).toBe(true)
  expect(isColoured(terminal, { TERM: 'dumb' })).toBe(false)
  expect(isColoured(pipe, { CLICOLOR_FORCE: '1' })).toBe(true)
  expect(isColoured(terminal, { FORCE_COLOR: '0' })).toBe(false)
  const both = run(source, ['explain', '--color', 'maybe'], { env: { NO_COLOR: '1', FORCE_COLOR: '1' } })
  expect(both.stderr).toBe('error: --color must be one of auto, always, never: current value is "maybe"\n')
})

test('a variable HONE_… that is none of hone is refused by every command but doctor, which tells of it', async () => {
  const refused = await runHere(['explain', 'HN306'], { env: { HONE_FORMTA: 'json' } })
  expect(refused).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: Unknown variable: HONE_FORMTA\n\nhint: did you mean HONE_FORMAT?\n',
  })
})

test('-v says which files are read and how long it took', async () => {
  const rows = join(scratch(), 'rows.jsonl')
  writeFileSync(rows, '{"completion": "x"}\n')
  const { stderr } = await runHere(['parse', rows, '--parser', 'hermes', '-v'])
  expect(stderr).toMatch(/^debug: reading .*rows\.jsonl\n1 rows.*\ndebug: done in [\d.]+ s, peak memory/)
})

test('a note says that a terminal is read', async () => {
  const typed = '{"completion": "x"}\n\x04'
  const { screen } = await runInTerminal(source, ['parse', '-', '--parser', 'hermes'], {}, { typed })
  expect(screen).toContain('reading standard input from the terminal; Ctrl-D ends it')
})
