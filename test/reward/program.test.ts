// A user's reward runs apart: whatever it does to one row is that row's fault and no other's.
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runHere } from '../here.ts'
import { forms } from '../hone.ts'

// Other programs may have the machine.
setDefaultTimeout(60_000)

const start = forms[0]![1]
const folder = mkdtempSync(join(tmpdir(), 'hone-reward-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const rows = (...completions: string[]) =>
  completions
    .map((completion) => JSON.stringify({ completion, answer: [{ name: 'f', arguments: { x: 5 } }] }) + '\n')
    .join('')
const score = async (words: string[], input: string) => {
  const { code, stdout, stderr } = await runHere(['score', '-', ...words], { input })
  return {
    code,
    stderr,
    verdicts: stdout
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line): { score: number; fault: string | null; reasons: string[] } => JSON.parse(line)),
  }
}

const REWARD = `
console.log('printing is harmless')
export default async function reward({ completion, answer }: any) {
  if (completion === 'throw') throw new TypeError('boo')
  if (completion === 'loop') while (true) {}
  if (completion === 'nan') return NaN
  if (completion === 'text') return 'good'
  if (completion === 'exit') process.exit(3)
  if (completion === 'skip') return { score: null }
  return { score: completion.length + answer[0].arguments.x, parts: { length: completion.length }, reasons: ['said so'] }
}`

test('a throw, an endless loop, an exit or no number is a fault of its row alone', async () => {
  const file = write('mine.ts', REWARD)
  const { code, verdicts, stderr } = await score(
    ['--reward', file, '--timeout', '2', '--concurrency', '2'],
    rows('abc', 'throw', 'loop', 'nan', 'text', 'exit', 'skip', 'abcd'),
  )
  expect(code).toBe(0)
  expect(verdicts.map(({ score, fault }) => fault ?? score)).toEqual([
    8,
    'TypeError',
    'Timeout',
    'NotAScore',
    'NotAScore',
    'ProcessError',
    0,
    9,
  ])
  expect(verdicts[0]!.reasons).toEqual(['said so'])
  expect(stderr).toContain('5 with a fault')
})

test('rows on which a reward dies or hangs are faults, also the first ones of a file and many in a row', async () => {
  // It hangs without a processor's work: what an endless loop does stands above.
  const hang = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)'
  const file = write('hanging.ts', REWARD.replace('while (true) {}', hang))
  const input = rows('exit', 'exit', 'exit', 'exit', 'loop', 'loop', 'abc')
  const { code, verdicts } = await score(['--reward', file, '--timeout', '2', '--concurrency', '1'], input)
  expect(code).toBe(0)
  const deaths = ['ProcessError', 'ProcessError', 'ProcessError', 'ProcessError']
  expect(verdicts.map(({ score, fault }) => fault ?? score)).toEqual([...deaths, 'Timeout', 'Timeout', 8])
})

test('what a reward prints is no answer: verdicts stay with their rows', async () => {
  const own = write(
    'printing.ts',
    `import { spawnSync } from 'node:child_process'
     export default ({ completion }: any) => (spawnSync('echo', ['0.5'], { stdio: 'inherit' }), Number(completion))`,
  )
  expect((await score(['--reward', own], rows('1', '2', '3'))).verdicts.map(({ score }) => score)).toEqual([1, 2, 3])
  const command = `while read -r line; do case $line in *stray*) printf '9\\n9\\n';; *) echo 1;; esac; done`
  const { verdicts } = await score(['--reward-cmd', command, '--concurrency', '1'], rows('a', 'stray', 'b', 'c'))
  expect(verdicts.map(({ score, fault }) => fault ?? score)).toEqual([1, 'NotAScore', 1, 1])
})

test('a reward ends with what it started, and with the program that asked it', async () => {
  const mark = `${process.pid}7319`
  const sleeping = () => Bun.spawnSync(['pgrep', '-f', `sleep ${mark}`]).stdout.toString()
  expect((await score(['--reward-cmd', `sleep ${mark}; echo 1`, '--timeout', '1'], rows('a'))).verdicts[0]!.fault).toBe(
    'Timeout',
  )
  expect(sleeping()).toBe('')

  const started = join(folder, 'started')
  const file = write(
    'waiting.ts',
    `import { writeFileSync } from 'node:fs'
     export default () => { writeFileSync(${JSON.stringify(started)}, String(process.pid)); for (;;) {} }`,
  )
  const child = Bun.spawn([...start, 'score', '-', '--reward', file], { stdin: Buffer.from(rows('a')) })
  while (!(await Bun.file(started).exists())) await Bun.sleep(20)
  child.kill('SIGKILL')
  const alive = () => Bun.spawnSync(['kill', '-0', readFileSync(started, 'utf8')]).exitCode === 0
  while (alive()) await Bun.sleep(50)
})

test('a program that closes its answers and goes on is at fault, and is not waited for', async () => {
  const { code, verdicts } = await score(['--reward-cmd', 'exec 1>&-; sleep 50', '--timeout', '1'], rows('a', 'b'))
  expect([code, verdicts.map(({ fault }) => fault)]).toEqual([1, ['Timeout', 'Timeout']])
})

test('the same row is asked once', async () => {
  const log = join(folder, 'asked')
  const file = write(
    'counting.ts',
    `import { appendFileSync } from 'node:fs'\nexport default () => (appendFileSync(${JSON.stringify(log)}, 'x'), 1)`,
  )
  expect((await score(['--reward', file], rows('a', 'a', 'b', 'a'))).verdicts.map(({ score }) => score)).toEqual([
    1, 1, 1, 1,
  ])
  expect(readFileSync(log, 'utf8')).toBe('xx')
})

test('a program that speaks lines of JSON is a reward too', async () => {
  const { verdicts } = await score(
    ['--reward-cmd', `while read -r line; do echo "\${#line}"; done`],
    rows('abc', 'abcd'),
  )
  expect(verdicts[1]!.score).toBe(verdicts[0]!.score + 1)
})

test('rows on which a program dies are faults however many come first', async () => {
  const command = 'while read -r l; do case "$l" in *good*) echo 1;; *) exit 3;; esac; done'
  const bad = Array.from({ length: 120 }, (_, i) => `bad ${i}`)
  const { code, verdicts } = await score(['--reward-cmd', command], rows(...bad, 'good'))
  expect(code).toBe(0)
  expect(verdicts.map(({ fault }) => fault)).toEqual([...bad.map(() => 'ProcessError'), null])
})

test('a reward that does not run at all stops the command with what is wrong', async () => {
  const file = write('broken.ts', 'export const one = 1\nexport default (')
  const broken = await score(['--reward', file], rows('a', 'b', 'c', 'd', 'e'))
  expect(broken.code).toBe(2)
  expect(broken.stderr).toContain(`${file}:2:`)
  const thrown = write('thrown.ts', 'const one = 1\nthrow new Error("no key")\nexport default () => one')
  expect((await score(['--reward', thrown], rows('a'))).stderr).toContain(
    `${thrown}:2:11: Cannot load the reward: no key`,
  )
  expect((await score(['--reward', write('none.ts', 'export const x = 1')], rows('a'))).stderr).toContain(
    'default export',
  )
  const python = write('mine.py', '')
  expect((await score(['--reward', python], rows('a'))).stderr).toContain(`--reward-cmd 'python3 ${python}'`)
  expect((await score(['--reward', './absent.ts'], rows('a'))).stderr).toContain('there is no such file')
  expect((await score(['--reward-cmd', 'exit 3'], rows('a', 'b', 'c'))).stderr).toContain('ended with code 3')
})

test('a score that training cannot compute with is a fault of its row', async () => {
  const file = write('huge.ts', 'export default ({ completion }: any) => (completion === "a" ? 1e308 : 1e30)')
  expect((await score(['--reward', file], rows('a', 'b'))).verdicts.map(({ fault }) => fault)).toEqual([
    'NotAScore',
    null,
  ])
})
