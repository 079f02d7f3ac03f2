// MicroPython in WebAssembly, with nothing of this machine in its hands: of all that the module could import it is given a
// clock, random bits, memory and a place to print. Its bridge to JavaScript, its files and its sockets are left out.
import wasm from '@micropython/micropython-webassembly-pyscript/micropython.wasm' with { type: 'file' }
import { lastLine, LONGEST_OUTPUT, MOST_MEMORY, TOO_LONG, type Ran } from './engine.ts'

/** What the module exports, as far as it is used here. Pointers are numbers. */
interface Exports extends WebAssembly.Exports {
  memory: WebAssembly.Memory
  __indirect_function_table: WebAssembly.Table
  __wasm_call_ctors(): void
  emscripten_stack_init(): void
  emscripten_stack_get_current(): number
  _emscripten_stack_restore(pointer: number): void
  setThrew(threw: number, value: number): void
  malloc(bytes: number): number
  mp_js_init(stack: number, heap: number): void
  proxy_c_init(): void
  mp_js_do_exec(code: number, length: number, result: number): void
}
type Imported = (...values: number[]) => number | void

/** Bytes of Python's own stack, which bounds recursion, and of its heap at the start. */
const STACK = 128 * 1024
const HEAP = 2 ** 20
const PAGE = 65_536
/** The kind of a result that is an exception: its name, a mark, and its traceback. */
const EXCEPTION = -1
/** Error numbers of what is not there: WASI's for its own calls, negative for system calls. */
const [ENOENT, ENOSYS] = [44, 52]
/** C's longjmp, as emscripten spells it. */
class LongJump extends Error {}
class Ended extends Error {}

/** Compiles the module; each program then has an instance of its own. */
export async function loadMicroPython(): Promise<() => (code: string) => Ran> {
  const module = await WebAssembly.compile(await Bun.file(wasm).arrayBuffer())
  return () => instance(module)
}

/** An interpreter that has run nothing yet. It is of use for one program. */
function instance(module: WebAssembly.Module): (code: string) => Ran {
  const decoder = new TextDecoder()
  let output = ''
  let inside: Exports
  const view = () => new DataView(inside.memory.buffer)
  const bytes = (from: number, length: number) => new Uint8Array(inside.memory.buffer, from, length)

  const given: Record<string, Imported> = {
    mp_js_random_u32: () => Math.floor(Math.random() * 2 ** 32),
    mp_js_ticks_ms: () => Math.floor(performance.now()),
    mp_js_time_ms: () => Date.now(),
    emscripten_resize_heap: (size) => Number(grown(size! >>> 0)),
    fd_write: (_, vectors, count, written) => print(vectors!, count!, written!),
    _emscripten_throw_longjmp() {
      throw new LongJump()
    },
  }
  const imports: Record<string, Record<string, Imported>> = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module))
    (imports[from] ??= {})[name] = given[name] ?? (name.startsWith('invoke_') ? invoke : refusal(name))
  // The exports of the one module that is compiled here.
  inside = new WebAssembly.Instance(module, imports).exports as Exports
  inside.emscripten_stack_init()
  inside.__wasm_call_ctors()
  inside.mp_js_init(STACK, HEAP)
  inside.proxy_c_init()
  return (code) => {
    try {
      const error = execute(code)
      return { output, error }
    } catch (error) {
      return {
        output: output.slice(0, LONGEST_OUTPUT),
        error: error instanceof Ended ? error.message : 'the interpreter broke down',
      }
    }
  }

  function execute(code: string): string | null {
    const source = new TextEncoder().encode(code)
    const at = inside.malloc(source.length + 1)
    bytes(at, source.length + 1).set([...source, 0])
    const result = inside.malloc(12)
    inside.mp_js_do_exec(at, source.length, result)
    if (view().getInt32(result, true) !== EXCEPTION) return null
    const text = decoder.decode(bytes(view().getUint32(result + 8, true), view().getUint32(result + 4, true)).slice())
    return lastLine(text.slice(text.indexOf('\u0004') + 1))
  }

  /** C++-like calls that may be left by a long jump. */
  function invoke(index: number, ...values: number[]): number | void {
    const stack = inside.emscripten_stack_get_current()
    try {
      return inside.__indirect_function_table.get(index)(...values)
    } catch (error) {
      if (!(error instanceof LongJump)) throw error
      inside._emscripten_stack_restore(stack)
      inside.setThrew(1, 0)
    }
  }

  function grown(size: number): boolean {
    if (size > MOST_MEMORY) return false
    try {
      inside.memory.grow(Math.ceil((size - inside.memory.buffer.byteLength) / PAGE))
      return true
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      return false
    }
  }

  function print(vectors: number, count: number, written: number): number {
    let total = 0
    for (let i = 0; i < count; i++) {
      const [from, length] = [0, 4].map((part) => view().getUint32(vectors + 8 * i + part, true)) as [number, number]
      output += decoder.decode(bytes(from, length).slice(), { stream: true })
      total += length
    }
    if (output.length > LONGEST_OUTPUT) throw new Ended(TOO_LONG)
    view().setUint32(written, total, true)
    return 0
  }
}

/** There are no files; what else a program reaches for ends it. */
function refusal(name: string): Imported {
  if (name.startsWith('__syscall')) return () => -ENOENT
  if (name.startsWith('fd_')) return () => ENOSYS
  return () => {
    throw new Ended('the program reached for what is outside of it')
  }
}
