// The engines by name, and the one that chooses among them.
import { HoneError } from '../../error.ts'
import type { CodeSettings } from '../../rl/environment-settings.ts'
import { embeddedEngine } from './embedded.ts'
import type { Engine, Limits } from './engine.ts'
import { httpEngine } from './http.ts'
import { pythonEngine } from './python.ts'

type Open = (limits: Limits, url: string | null) => Promise<Engine>

const engines: Record<CodeSettings['codeEngine'], Open> = {
  auto: autoEngine,
  embedded: (limits) => Promise.resolve(embeddedEngine(limits)),
  python: pythonEngine,
  http(limits, url) {
    if (url === null)
      throw new HoneError('Cannot open the code engine http: there is no address', {
        hint: 'give that of a sandbox that answers POST /run_code: --code-url URL',
      })
    return Promise.resolve(httpEngine(url, limits))
  },
}

/** @throws HoneError for an engine that this machine does not have. */
export async function openEngine({ codeEngine, codeUrl, toolTimeout }: CodeSettings): Promise<Engine> {
  return await engines[codeEngine]({ seconds: toolTimeout }, codeUrl)
}

/** What the embedded interpreter says of what it lacks. */
const LACKS = /^(?:ImportError|NotImplementedError|SyntaxError|AttributeError)\b/

/**
 * Embedded, which takes a few milliseconds; a program for which that Python is too small runs in this machine's own, where there is
 * one and it can be isolated.
 */
async function autoEngine(limits: Limits): Promise<Engine> {
  const embedded = embeddedEngine(limits)
  let larger: Promise<Engine | undefined> | undefined
  const opened = () => (larger ??= pythonEngine(limits).catch(none))
  return {
    async run(code) {
      const ran = await embedded.run(code)
      if (ran.error === null || !LACKS.test(ran.error)) return ran
      return (await (await opened())?.run(code)) ?? ran
    },
    close() {
      embedded.close()
      void larger?.then((engine) => engine?.close())
    },
  }
}

function none(error: unknown): undefined {
  if (!(error instanceof HoneError)) throw error
}
