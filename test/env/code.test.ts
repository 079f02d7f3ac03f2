// Code that a model wrote: it runs, and what tries to leave, to fill or to outlast its sandbox does not.
import { afterAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadMicroPython } from '../../src/env/code/micropython.ts'
import { embeddedEngine } from '../../src/env/code/embedded.ts'
import { type Engine, LONGEST_OUTPUT } from '../../src/env/code/engine.ts'
import { httpEngine } from '../../src/env/code/http.ts'
import { codeInterpreter, shown } from '../../src/env/code/interpreter.ts'
import { queue } from '../../src/env/queue.ts'
import { pythonEngine } from '../../src/env/code/python.ts'
import { openEnvironment } from '../../src/env/open.ts'
import { ToolFailure } from '../../src/env/runner.ts'
import { scratch } from '../scratch.ts'
import { HoneError } from '../../src/error.ts'

const fresh = await loadMicroPython()
const inside = (code: string) => fresh()(code)
const embedded = embeddedEngine({ seconds: 1 })
/** Undefined where this machine cannot isolate Python: the jail says so itself. */
const python = await pythonEngine({ seconds: 2 }).catch((error: unknown) => {
  if (!(error instanceof HoneError)) throw error
  return undefined
})
afterAll(() => embedded.close())

test('a program prints, and an error is the last line of its traceback', () => {
  expect(inside('print(2 ** 70, [x * x for x in range(4)])')).toEqual({
    output: '1180591620717411303424 [0, 1, 4, 9]\n',
    error: null,
  })
  expect(inside('print("so far")\n1 / 0')).toEqual({
    output: 'so far\n',
    error: 'ZeroDivisionError: divide by zero',
  })
  expect(inside('def f(:')).toMatchObject({ error: 'SyntaxError: invalid syntax' })
})

test('nothing of a program is left for the next one', () => {
  expect(inside('import builtins, sys\nx = 1\nsys.modules["math"] = 3').error).toBeNull()
  expect(inside('import math\nprint(math.floor(2.5))\nprint(x)')).toEqual({
    output: '2\n',
    error: "NameError: name 'x' isn't defined",
  })
})

const attempts = {
  'reads a file': 'print(open("/etc/passwd").read())',
  'writes a file': 'open("/tmp/out", "w").write("x")',
  'lists a folder': 'import os\nprint(os.listdir("/"))',
  'mounts what it likes': 'import vfs\nprint(vfs.VfsPosix("/").open("etc/passwd", "r").read())',
  'asks the bridge to JavaScript': 'import js\nprint(js.process.env)',
  'asks it under its other name': 'import jsffi\nprint(jsffi.create_proxy(print))',
  'makes a function of JavaScript': 'import js\njs.Function("return process")()',
  'opens a socket': 'import socket\nsocket.socket().connect(("127.0.0.1", 80))',
  'starts a process': 'import os\nos.system("id")',
  'climbs from a tuple to all classes': 'print(().__class__.__base__.__subclasses__())',
  'recurses without end': 'def f(): return f()\nf()',
  'fills memory at once': 'x = bytearray(2 ** 30)',
  'shifts a number beyond memory': 'x = 1 << (2 ** 33)',
  'prints without end': 'while True: print("y" * 1000)',
}
for (const [what, code] of Object.entries(attempts))
  test(`a program that ${what} ends with an error`, () => {
    const { output, error } = inside(code)
    expect(error).not.toBeNull()
    expect(output.length).toBeLessThanOrEqual(LONGEST_OUTPUT)
    expect(output).not.toMatch(/root:|PATH|usr/)
  })

test('a program that writes over all memory it can reach harms only its own interpreter', () => {
  const poke =
    'import uctypes\nfor at in range(0, 2 ** 24, 4096): uctypes.bytearray_at(at, 64)[:] = b"\\xff" * 64\nprint("written")'
  expect(typeof inside(poke)).toBe('object')
  expect(inside('print(1)')).toEqual({ output: '1\n', error: null })
})

test('a program without end is ended, and those beside and after it are answered', async () => {
  const loops = [
    'while True: pass',
    'eval("(" * 100000 + ")" * 100000)',
    '10 ** 10 ** 8',
    'import re\nre.match("(a|aa)+$", "a" * 40 + "b")',
  ]
  const [first, beside] = await Promise.all([
    Promise.all(loops.map((loop) => embedded.run(loop))),
    embedded.run('print(6 * 7)'),
  ])
  expect(first[0]).toEqual({ output: '', error: 'the program took longer than 1 s' })
  for (const { error } of first) expect(error).not.toBeNull()
  expect(beside).toEqual({ output: '42\n', error: null })
  expect(await embedded.run('print(1)')).toEqual({ output: '1\n', error: null })
}, 60_000)

test.skipIf(!python)(
  'python3 runs with its library, and an error is the last line of its traceback',
  async () => {
    expect(await python!.run('from fractions import Fraction\nprint(Fraction(1, 3) + 1)')).toEqual({
      output: '4/3\n',
      error: null,
    })
    expect(await python!.run('print(1)\n{}["a"]')).toEqual({ output: '1\n', error: "KeyError: 'a'" })
  },
  60_000,
)

test('where Python cannot be isolated it is refused, with what is wanting and what else there is', async () => {
  const { PATH } = process.env
  process.env['PATH'] = scratch()
  try {
    const refused = await pythonEngine({ seconds: 1 }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(HoneError)
    expect(refused).toMatchObject({
      message: 'Cannot isolate python3 on this machine: there is no unshare',
      hint: expect.stringContaining('--code-engine embedded'),
    })
  } finally {
    process.env['PATH'] = PATH
  }
})

test.skipIf(Bun.which('setpriv') === null)(
  'a program without end does not outlive a run that is killed',
  async () => {
    const engine = join(import.meta.dir, '../../src/env/code/embedded.ts')
    const source = `import { embeddedEngine } from '${engine}'\nvoid embeddedEngine({ seconds: 600 }).run('while True: pass')`
    const run = Bun.spawn([process.execPath, '-e', source], { stdout: 'ignore' })
    /** Processes that the run started, by their parent. */
    const children = () =>
      Bun.spawnSync(['ps', '-o', 'pid=', '--ppid', String(run.pid)])
        .stdout.toString()
        .trim()
        .split(/\s+/)
        .filter(Boolean)
    while (children().length === 0) await Bun.sleep(20)
    const started = children()
    // It has its program when it computes long after its start.
    const ticks = () => Number(readFileSync(`/proc/${started[0]}/stat`, 'utf8').split(' ')[13])
    while (ticks() < 80) await Bun.sleep(20)
    run.kill('SIGKILL')
    await run.exited
    const gone = () => started.every((pid) => !existsSync(`/proc/${pid}`))
    for (let waited = 0; waited < 5000 && !gone(); waited += 20) await Bun.sleep(20)
    expect(gone()).toBe(true)
  },
  60_000,
)

/** Each prints or does something that would be seen were it let. */
const breakouts = {
  'reads what is not of Python':
    'import os\nprint([p for p in ("/root", "/home", "/proc", "/sys", "/etc/passwd", "/work") if os.path.exists(p)])',
  'writes beside its own folder':
    'import os\nfor p in ("/usr/x", "/lib/x"):\n  try: open(p, "w"); print(p)\n  except OSError: pass\nprint([])',
  'reads what the run was started with':
    'import os\nprint([k for k in os.environ if k not in ("PATH", "HOME", "LC_CTYPE")])',
  'asks the network':
    'import socket\ns = socket.socket(); s.settimeout(1)\nprint([] if s.connect_ex(("127.0.0.1", 9)) == 101 else "network")',
  'forks without end':
    'import os, time\nn = 0\ntry:\n  while n < 200:\n    if os.fork() == 0: time.sleep(60)\n    n += 1\nexcept OSError: print([])',
  'leaves its root': 'import os\ntry: os.chroot("/tmp"); print("out")\nexcept OSError: print([])',
  'makes itself namespaces and mounts':
    'import ctypes\nc = ctypes.CDLL(None)\nprint([] if c.unshare(0x10000000) and c.mount(b"none", b"/tmp", b"tmpfs", 0, None) else "mounted")',
  'kills all that it can': 'import os, signal\ntry: os.kill(-1, 9)\nexcept OSError: pass\nprint([])',
  'holds much memory': 'try: x = bytearray(2 ** 30); print("held")\nexcept MemoryError: print([])',
  'fills its disk':
    'import os\ntry:\n  for i in range(9): open(f"/tmp/{i}", "wb").write(b"0" * 2 ** 22)\n  print("filled")\nexcept OSError: print([])',
}
for (const [what, code] of Object.entries(breakouts))
  test.skipIf(!python)(
    `in python3, a program that ${what} does not get there`,
    async () => {
      expect((await python!.run(code)).output.trim()).toBe('[]')
    },
    60_000,
  )

test.skipIf(!python)(
  'in python3, what hangs, floods, breaks the interpreter or outlives its parent is ended',
  async () => {
    const run = (code: string) => python!.run(code)
    const [hangs, floods, breaks, outlives] = await Promise.all([
      // Without a processor's work: what a loop does is seen of the embedded interpreter.
      run('import sys, time\nsys.stdout.close()\ntime.sleep(60)'),
      run('while True: print("y" * 1000)'),
      run('import ctypes\nctypes.string_at(0)'),
      run('import os, time\nif os.fork() == 0:\n  os.setsid(); time.sleep(60)\nprint("done")'),
    ])
    expect(hangs!.error).toBe('the program took longer than 2 s')
    expect(floods!.error).toContain('printed more than')
    expect(breaks!.error).not.toBeNull()
    expect(outlives).toEqual({ output: 'done\n', error: null })
  },
  60_000,
)

test('more programs than there are cores wait for their turn, and one that fails lets the next one in', async () => {
  const inTurn = queue(2)
  let [running, most] = [0, 0]
  const work = async (index: number) => {
    most = Math.max(most, ++running)
    await Bun.sleep(2)
    running--
    if (index === 1) throw new Error('one fails')
    return index
  }
  const done = await Promise.allSettled(Array.from({ length: 6 }, (_, index) => inTurn(() => work(index))))
  expect(done.map(({ status }) => status === 'fulfilled')).toEqual([true, false, true, true, true, true])
  expect(most).toBe(2)
})

test('a bare last expression is shown, and a statement is left as it is', () => {
  const output = (code: string) => inside(shown(code)).output
  expect(output('x = 3\nx * 2')).toBe('6\n')
  expect(output('[i for i in range(3)]')).toBe('[0, 1, 2]\n')
  expect(output('"a=b"')).toBe('a=b\n')
  expect(output('None')).toBe('')
  for (const code of [
    'x = 1',
    'x += 1',
    'x: int = 2',
    'for i in x:\n  i',
    'print(1)',
    'f(\n1\n)',
    'return 1',
    '"""\na\n"""',
  ])
    expect(shown(code)).toBe(code)
})

test('what an episode bound is there again where it is to be remembered, and what it printed is not', async () => {
  const engine: Engine = { run: (code) => Promise.resolve(inside(code)), close() {} }
  const remembering = codeInterpreter(() => Promise.resolve(engine), true)
  expect(await remembering.run({ code: 'x = 5\nprint("first")' })).toBe('first')
  await expect(remembering.run({ code: 'print(x)\ny' })).rejects.toThrow("5\nNameError: name 'y' isn't defined")
  expect(await remembering.run({ code: 'x + 1' })).toBe('6')
  const forgetting = codeInterpreter(() => Promise.resolve(engine), false)
  await forgetting.run({ code: 'x = 5' })
  await expect(forgetting.run({ code: 'x' })).rejects.toThrow('NameError')
})

test('a sandbox at an address is asked as SandboxFusion is, and its failure is one of the tool', async () => {
  const asked: unknown[] = []
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      const body = Object(await request.json())
      asked.push([new URL(request.url).pathname, body.language, body.run_timeout])
      if (body.code === 'down') return new Response('no', { status: 500 })
      if (body.code === 'slow')
        return Response.json({ status: 'Failed', run_result: { status: 'TimeLimitExceeded', stdout: '' } })
      const failed = body.code === 'bad'
      return Response.json({
        status: failed ? 'Failed' : 'Success',
        message: '',
        run_result: {
          status: 'Finished',
          return_code: Number(failed),
          stdout: 'hi\n',
          stderr: failed ? 'Trace\nE: x\n' : '',
        },
      })
    },
  })
  try {
    const engine = httpEngine(String(server.url), { seconds: 3 })
    expect(await engine.run('good')).toEqual({ output: 'hi\n', error: null })
    expect(await engine.run('bad')).toEqual({ output: 'hi\n', error: 'E: x' })
    expect(await engine.run('slow')).toMatchObject({ error: 'the program took longer than 3 s' })
    await expect(engine.run('down')).rejects.toThrow(ToolFailure)
    expect(asked[0]).toEqual(['/run_code', 'python', 3])
  } finally {
    await server.stop(true)
  }
})

test('the environment code runs what is called and judges the last turn', async () => {
  const settings = {
    env: 'code',
    envCmd: null,
    tools: [],
    mcp: null,
    toolTimeout: 5,
    codeUrl: null,
    frame: null,
    maxToolCalls: null,
  }
  const environment = (await openEnvironment({ ...settings, codeEngine: 'embedded', codeState: 'episode' }))!
  try {
    const row = { id: 'a', source: 'test', messages: [], tools: [], answer: [], meta: {} }
    const episode = await environment.reset(row, { ground_truth: '42' }, '1')
    const run = async (code: string) =>
      await episode.step({ text: '', calls: [{ name: 'code_interpreter', arguments: { code } }], fault: null })
    expect((await run('x = 6')).messages[0]!.content).toBe('')
    expect(await run('x * 7')).toMatchObject({ messages: [{ role: 'tool', content: '42' }], done: false })
    const wrong = await run('1 / 0')
    expect(wrong).toMatchObject({ messages: [{ content: 'Error: ZeroDivisionError: divide by zero' }] })
    expect(wrong.fault).toBeUndefined()
    // Of a long output before an error both ends are told, the error among them.
    const long = (await run('print("y" * 1000)\n1 / 0')).messages[0]!.content
    expect(long).toStartWith('Error: yyy')
    expect(long).toEndWith('ZeroDivisionError: divide by zero')
    expect(await episode.step({ text: '42', calls: [], fault: null })).toMatchObject({ done: true, reward: 1 })
  } finally {
    environment.close()
  }
  await expect(openEnvironment({ ...settings, codeEngine: 'http', codeState: 'call' })).rejects.toThrow('no address')
}, 60_000)
