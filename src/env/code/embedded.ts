// The interpreter that hone carries, in processes of its own: one that does not end is killed, and nothing else with it.
import { selfCommand } from '../../reward/scorer.ts'
import { isObject } from '../../text/json.ts'
import { type Program, startProgram } from '../child.ts'
import { ToolFailure, within } from '../runner.ts'
import { type Engine, type Limits, tooSlow } from './engine.ts'
import { queue } from '../queue.ts'

/** Seconds in which a process starts, on a machine that is busy. */
const STARTING = 60

export function embeddedEngine({ seconds }: Limits): Engine {
  const all = new Set<Program>()
  const idle: Program[] = []
  const inTurn = queue()
  let asked = 0
  return {
    run: (code) => inTurn(async () => await runIn(idle.pop() ?? (await started()), code)),
    close: () => all.forEach((program) => program.end()),
  }

  async function started(): Promise<Program> {
    const program = startProgram([...endingWithUs(), ...selfCommand(), 'run-code', '--serve'])
    all.add(program)
    await within(STARTING, program.ask({ id: String(asked++), code: '' }), () => drop(program))
    return program
  }

  async function runIn(program: Program, code: string) {
    let late = false
    const end = () => {
      late = true
      drop(program)
    }
    try {
      const said = await within(seconds, program.ask({ id: String(asked++), code }), end)
      if (!isObject(said) || typeof said['output'] !== 'string') throw new ToolFailure('the interpreter gave no answer')
      const { output, error } = said
      idle.push(program)
      return { output, error: typeof error === 'string' ? error : null }
    } catch (error) {
      drop(program)
      if (late) return { output: '', error: tooSlow(seconds) }
      throw error
    }
  }

  function drop(program: Program): void {
    all.delete(program)
    program.end()
  }
}

/** A program without end goes on when this process is killed, unless the system ends it too. */
const endingWithUs = (): string[] => (Bun.which('setpriv') === null ? [] : ['setpriv', '--pdeathsig', 'KILL', '--'])
