// The tool that runs code: what it is to the model, what it prints, and what it remembers of an episode.
import type { Runner } from '../runner.ts'
import type { Engine } from './engine.ts'

export const codeTool: Runner['tool'] = {
  name: 'code_interpreter',
  description: 'Runs a Python program and returns what it prints.',
  parameters: {
    type: 'object',
    properties: { code: { type: 'string', description: 'The program' } },
    required: ['code'],
  },
}

/**
 * A tool for one episode. Where it remembers, the programs that ended well are run again before the next one, and what they
 * print is left out: names that they bound are there, and any engine can do it.
 */
export function codeInterpreter(engine: () => Promise<Engine>, remembers: boolean): Runner {
  const earlier: string[] = []
  return {
    tool: codeTool,
    pure: !remembers,
    async run({ code }) {
      const program = shown(String(code))
      const mark = `\u0001${earlier.length}\u0001`
      const before = earlier.length > 0 ? `${earlier.join('\n')}\nprint('${mark}')\n` : ''
      const { output, error } = await (await engine()).run(before + program)
      const own = before === '' ? output : (output.split(`${mark}\n`)[1] ?? '')
      if (error !== null) throw new Error(`${own}${error}`)
      if (remembers) earlier.push(program)
      return own.trimEnd()
    },
  }
}

const STATEMENT =
  /^(?:[\s#@)\]}]|(?:import|from|def|class|for|while|if|elif|else|try|except|finally|with|return|raise|pass|break|continue|del|assert|global|nonlocal|async|yield|print|exit|quit)\b)/

/** A program whose last line is a bare expression prints it, as a notebook does: models are used to that. */
export function shown(code: string): string {
  const lines = code.trimEnd().split('\n')
  const last = lines.at(-1)!
  if (last.trim() === '' || STATEMENT.test(last) || /'''|"""|;/.test(last) || !isClosed(last) || assigns(last))
    return code
  return [...lines.slice(0, -1), `_ = (${last}\n)`, 'if _ is not None: print(_)'].join('\n')
}

/** Texts and comments may hold anything: they are left out of what is looked at. */
const bare = (line: string): string => line.replace(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g, "''").replace(/#.*/, '')

function isClosed(line: string): boolean {
  let open = 0
  for (const letter of bare(line)) {
    if ('([{'.includes(letter)) open++
    if (')]}'.includes(letter) && --open < 0) return false
  }
  return open === 0
}

/** An equals sign outside of brackets that is no comparison. */
function assigns(line: string): boolean {
  let text = bare(line)
  for (let inner = ''; inner !== text;) [inner, text] = [text, text.replace(/\([^()]*\)|\[[^[\]]*\]|\{[^{}]*\}/g, '')]
  return /(?<![=!<>])=(?!=)|:\s/.test(text) || /^\s*\w+\s*:/.test(text)
}
