// A conversation: a line a turn in a pipe, tools that answer by themselves or by a person, and Ctrl-C at a terminal.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHere } from '../../here.ts'
import { forms } from '../../hone.ts'
import { scratch } from '../../scratch.ts'
import { caller, removeModels, talker, WEATHER, writeModels } from '../serve/models.ts'

const [, source] = forms[0]!
beforeAll(writeModels)
afterAll(removeModels)

const chat = (model: string, input: string, ...words: string[]) =>
  runHere(['chat', model, '--device', 'cpu', ...words], { input })
const toolsFile = (tool: object) => {
  const file = join(scratch(), 'tools.json')
  writeFileSync(file, JSON.stringify([tool]))
  return file
}

test('a line is a turn, its answer stands on standard output, thoughts do not', async () => {
  const { code, stdout, stderr } = await chat(caller, 'How warm is it?\n\n/clear\nAnd now?\n')
  expect(code).toBe(0)
  const said = 'I look it up <tool_call>\n{"name": "weather", "arguments": {"city": "Oslo"}}\n</tool_call>\n'
  expect(stdout).toBe(said + said)
  expect(stderr).toContain('Where?')
})

test('a tool with a command is run with the arguments, and its result is answered', async () => {
  const file = toolsFile({ ...WEATHER, command: 'read line; echo "21 degrees for $line"' })
  const { stdout, stderr } = await chat(caller, 'How warm is it?\n', '--tools', file)
  expect(stdout).toBe('I look it up\nIt is warm in ☀ Oslo.\n')
  expect(stderr).toContain('→ weather {"city": "Oslo"}\n← 21 degrees for {"city": "Oslo"}\n')
})

test('a tool that fails tells the model so', async () => {
  const file = toolsFile({ ...WEATHER, command: 'echo "no net" >&2; exit 3' })
  const { code, stdout, stderr } = await chat(caller, 'How warm is it?\n', '--tools', file)
  expect(stderr).toContain('← Error: no net\n')
  expect([code, stdout]).toEqual([0, 'I look it up\nIt is warm in ☀ Oslo.\n'])
})

test('for a tool without a command the next line is its result', async () => {
  const { stdout, stderr } = await chat(caller, 'How warm is it?\n21 degrees\n', '--tools', toolsFile(WEATHER))
  expect(stdout).toBe('I look it up\nIt is warm in ☀ Oslo.\n')
  expect(stderr).toContain('← 21 degrees\n')
})

test('a line for which the context has no room is told so, and the conversation goes on', async () => {
  const { code, stdout, stderr } = await chat(caller, `${'x'.repeat(3000)}\nHow warm is it?\n`)
  expect(stderr).toContain('error: The context is 2048 tokens')
  expect(code).toBe(0)
  expect(stdout).toStartWith('I look it up')
})

test('tools that cannot be read end the command with 2', async () => {
  const file = toolsFile({ description: 'no name' })
  const { code, stderr } = await chat(caller, 'x\n', '--tools', file)
  expect(stderr).toMatch(/^error: .*tools\.json: Cannot read the tools: the name of a tool/)
  expect(code).toBe(2)
})

test('at a terminal Ctrl-C stops the answer and not the program', async () => {
  let screen = ''
  let heard = () => {}
  const child = Bun.spawn(
    [...source, 'chat', talker, '--device', 'cpu', '--max-new-tokens', '400', '--temperature', '0'],
    {
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', TERM: 'xterm-256color' },
      terminal: {
        cols: 80,
        rows: 24,
        data(_, bytes) {
          screen += Buffer.from(bytes).toString()
          heard()
        },
      },
    },
  )
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise<void>((resolve) => (heard = resolve))
  }
  const prompts = () => screen.split('> ').length - 1
  await until(() => prompts() === 1)
  child.terminal!.write('hello\r')
  const before = screen.length
  await until(() => screen.length > before + 60)
  child.terminal!.write('\x03')
  await until(() => prompts() > 1)
  child.terminal!.write('/exit\r')
  expect(await child.exited).toBe(0)
  child.terminal!.close()
  const whole = await runHere(['infer', talker, '--device', 'cpu', '--max-new-tokens', '400'], {
    input: '{"messages": [{"role": "user", "content": "hello"}]}',
  })
  const { text }: { text: string } = JSON.parse(whole.stdout)
  const shown = screen.replaceAll('\r', '')
  expect(shown).toContain(text.trim().slice(0, 20))
  expect(shown).not.toContain(text.trim())
}, 60_000)
