// What reaches stdout and stderr: data whole and in order, a status line on a terminal only, nothing but errors when quiet.
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { run, runInTerminal } from './hone.ts'

const out = join(import.meta.dir, '..', 'src', 'out.ts')
const program = (body: string): string[] => [
  process.execPath,
  '-e',
  `import { data, flush, log, status, clearStatus, setQuiet, setProgress, complain } from ${JSON.stringify(out)}\n${body}\nflush()`,
]

test('data longer than a pipe arrives whole and in order', () => {
  const { stdout } = run(program('for (let i = 0; i < 300_000; i++) data(String(i))'), [])
  const lines = stdout.trimEnd().split('\n')
  expect(lines).toHaveLength(300_000)
  expect(lines.every((line, index) => line === String(index))).toBe(true)
})

test('a status line is redrawn on a terminal, cut to its width, and taken away before a line that stays', async () => {
  const { screen } = await runInTerminal(program('status("x".repeat(200)); log("done")'), [])
  expect(screen).toBe(`\r\x1b[2K${'x'.repeat(79)}…\r\x1b[2Kdone\r\n`)
})

test('in a pipe, and on a terminal that wants none, there is no status line', async () => {
  expect(run(program('status("busy"); log("done")'), []).stderr).toBe('done\n')
  for (const env of [{ HONE_NO_PROGRESS: '1' }, { TERM: 'dumb' }]) {
    expect((await runInTerminal(program('status("busy"); log("done")'), [], env)).screen).toBe('done\r\n')
  }
  const without = await runInTerminal(program('setProgress(false); status("busy"); log("done")'), [])
  expect(without.screen).toBe('done\r\n')
})

test('on a terminal data and notes stand in the order in which they were written', async () => {
  const { screen } = await runInTerminal(program('data("row"); log("note"); data("end")'), [])
  expect(screen).toBe('row\r\nnote\r\nend\r\n')
})

test('quiet leaves data and complaints', () => {
  const { stdout, stderr } = run(program('setQuiet(true); data("row"); log("note"); complain("error: no")'), [])
  expect({ stdout, stderr }).toEqual({ stdout: 'row\n', stderr: 'error: no\n' })
})

test('a reader that goes away ends the program, but not one whose answer is its exit code', async () => {
  const code = async (body: string) => {
    const child = Bun.spawn(program(body), { stdout: 'pipe' })
    await child.stdout.cancel()
    return await child.exited
  }
  const much = 'await Bun.sleep(200); for (let i = 0; i < 300_000; i++) data(String(i)); flush(); process.exitCode = 7'
  expect(await code(much)).toBe(0)
  expect(await code(`import { outliveReader } from ${JSON.stringify(out)}; outliveReader(); ${much}`)).toBe(7)
})

test('a stderr that takes nothing, closed or on a full disk, stops no program', () => {
  const body = 'for (let i = 0; i < 1000; i++) log("x".repeat(1000)); data("done"); process.exitCode = 7'
  for (const tail of ['2>/dev/full', '2>&-', '2> >(head -c 1 >/dev/null)']) {
    const shell = ['bash', '-c', `"$@" ${tail}`, 'bash', ...program(body)]
    const { stdout, exitCode } = Bun.spawnSync(shell)
    expect({ tail, stdout: stdout.toString(), exitCode }).toEqual({ tail, stdout: 'done\n', exitCode: 7 })
  }
})

test('what would steer the terminal is made visible in lines for people, colours aside', () => {
  const { stderr } = run(program(String.raw`complain('\x1b[2Ja\rb\x1b]0;t\x07c\x9b1md \x1b[31mred\x1b[0m\te')`), [])
  expect(stderr).toBe('\\x1b[2Ja\\x0db\\x1b]0;t\\x07c\\x9b1md \x1b[31mred\x1b[0m\te\n')
})
