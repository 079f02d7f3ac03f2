// Programs per second of the code interpreter, on one core: a loop of ten steps, in a fresh interpreter each. `bun test/bench/code.ts`
import { embeddedEngine } from '../../src/env/code/embedded.ts'
import { loadMicroPython } from '../../src/env/code/micropython.ts'
import { pythonEngine } from '../../src/env/code/python.ts'
import { codeInterpreter } from '../../src/env/code/interpreter.ts'
import type { Engine } from '../../src/env/code/engine.ts'

const CODE = 'total = 0\nfor i in range(10):\n  total += i * i\nprint(total)'
const SECONDS = 3

/** Programs per second on the clock, and per second that this process computed. */
async function rate(run: () => unknown): Promise<string> {
  await run()
  const [from, before] = [performance.now(), process.cpuUsage()]
  let done = 0
  while (performance.now() - from < SECONDS * 1000) {
    await run()
    done++
  }
  const { user, system } = process.cpuUsage(before)
  const [wall, computed] = [(performance.now() - from) / 1000, (user + system) / 1e6].map((each) =>
    (done / each).toFixed(0),
  )
  return `${wall} per second, ${computed} per second of this process's computing`
}
const called = (engine: Engine) => {
  const tool = codeInterpreter(() => Promise.resolve(engine), false)
  return rate(() => tool.run({ code: CODE }))
}

const fresh = await loadMicroPython()
console.log(`embedded, in this thread    ${await rate(() => fresh()(CODE))}`)
const embedded = embeddedEngine({ seconds: 10 })
console.log(`embedded, one after another ${await called(embedded)}`)
embedded.close()
const python = await pythonEngine({ seconds: 10 }).catch((error: unknown) => console.log(String(error)))
if (python) console.log(`python3 in its jail         ${await called(python)}`)
