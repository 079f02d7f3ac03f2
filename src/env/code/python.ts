// The python3 of this machine, in namespaces of its own: no network, no home, no file but the system's libraries, and limits.
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { HoneError } from '../../error.ts'
import { endGroup, readSome } from '../process.ts'
import { within } from '../runner.ts'
import {
  type Engine,
  lastLine,
  type Limits,
  LONGEST_OUTPUT,
  MOST_MEMORY,
  type Ran,
  TOO_LONG,
  tooSlow,
} from './engine.ts'
import script from './jail.sh' with { type: 'text' }
import { queue } from '../queue.ts'

interface Python {
  executable: string
  /** Where its library lies. */
  prefix: string
}

/** Bytes beyond a program's own that the interpreter maps. */
const OWN_MEMORY = 256 * 2 ** 20
/** Who the program is where hone is run by root, for whom limits on processes do not hold. */
const NOBODY = '65534'
const NAMESPACES = [
  '--user',
  '--map-root-user',
  '--mount',
  '--net',
  '--pid',
  '--ipc',
  '--uts',
  '--fork',
  '--kill-child',
]

/**
 * Starts a program in the jail that tries to leave it before any other does. @throws HoneError where this machine has no python3,
 * or cannot isolate it.
 */
export async function pythonEngine(limits: Limits): Promise<Engine> {
  const absent = ['unshare', 'setpriv', 'prlimit'].find((tool) => which(tool) === null)
  const reasons: string[] = absent === undefined ? [] : [`there is no ${absent}`]
  for (const python of absent === undefined ? pythons() : []) {
    const engine = engineOf(python, limits)
    const { output, error } = await engine.run(PROBE)
    if (output.trim() === SAFE) return engine
    reasons.push(error ?? output.trim())
  }
  throw new HoneError(
    reasons.length === 0
      ? process.platform === 'linux'
        ? 'Cannot run Python: there is no python3'
        : `Cannot isolate python3 on ${process.platform}: that takes the namespaces of Linux`
      : `Cannot isolate python3 on this machine: ${reasons.join('; ')}`,
    {
      hint: 'it takes unshare, setpriv and prlimit of util-linux 2.38, and user namespaces; --code-engine embedded needs none of them',
    },
  )
}

const SAFE = 'isolated'
/** Prints that it is isolated, or what it could do. */
const PROBE = `
import os, socket
could = []
try:
    socket.create_connection(('127.0.0.1', 9), 1)
    could.append('the network is there')
except OSError as error:
    if error.errno != 101: could.append('the network is there')
if any(os.path.exists(path) for path in ('/proc', '/home', '/etc/passwd')): could.append('files are there')
children = 0
try:
    while children < 32:
        if os.fork() == 0: os._exit(0)
        children += 1
    could.append('processes are not limited')
except OSError: pass
print('; '.join(could) or '${SAFE}')
`

function engineOf({ executable, prefix }: Python, { seconds }: Limits): Engine {
  const root = existsSync('/mnt') ? '/mnt' : tmpdir()
  const memory = String(MOST_MEMORY + OWN_MEMORY)
  const words = [
    ...(process.getuid?.() === 0 ? ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--'] : []),
    ...['unshare', ...NAMESPACES, '--', 'sh', '-c', script, 'jail.sh'],
    ...[root, memory, String(Math.ceil(seconds) + 1), prefix, executable, '-I', '-B', '-X', 'utf8', '-'],
  ]
  const inTurn = queue()
  return { run: (code) => inTurn(() => runIn(code)), close() {} }

  async function runIn(code: string): Promise<Ran> {
    const child = Bun.spawn(words, { stdin: new Blob([code]), stdout: 'pipe', stderr: 'pipe', detached: true })
    const end = () => endGroup(child)
    const texts = [child.stdout, child.stderr].map((stream) => readSome(stream, LONGEST_OUTPUT, end))
    let late = false
    try {
      const work = Promise.all([Promise.all(texts), child.exited])
      const [[output = '', errors = ''], status] = await within(seconds, work, () => {
        late = true
        end()
      })
      if (output.length >= LONGEST_OUTPUT) return { output, error: TOO_LONG }
      return { output, error: status === 0 ? null : lastLine(errors) || `it ended with code ${status}` }
    } catch (error) {
      if (late) return { output: '', error: tooSlow(seconds) }
      throw error
    }
  }
}

/** By the PATH of now. */
const which = (name: string) => Bun.which(name, { PATH: process.env['PATH'] ?? '' })

/** The user's own first, then the system's, which others than its owner can read. */
function pythons(): Python[] {
  if (process.platform !== 'linux') return []
  return ['python3', '/usr/bin/python3'].flatMap((name) => {
    const path = which(name)
    if (path === null) return []
    const asked = Bun.spawnSync([path, '-I', '-c', 'import sys; print(sys.executable); print(sys.base_prefix)'])
    const [executable, prefix] = asked.stdout.toString().trim().split('\n')
    return asked.exitCode === 0 && executable && prefix ? [{ executable, prefix }] : []
  })
}
