// Processes that answer a call: what they print, up to a length, and their end with all that they started.
import { ToolFailure } from './runner.ts'

/** Characters that a tool may say; one that floods has failed. */
export const LONGEST_OUTPUT = 2 ** 20

/** @throws ToolFailure for as many as that, which is all that is read. */
export function requireShort(output: string): string {
  if (output.length >= LONGEST_OUTPUT) throw new ToolFailure(`it said more than ${LONGEST_OUTPUT} characters`)
  return output
}

/** Ends a process that leads a group of its own: a shell and what it started end together. */
export function endGroup(child: Bun.Subprocess): void {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

/** The text of a stream, up to so many characters; `end` is called where there is more. */
export async function readSome(
  stream: ReadableStream<Uint8Array> | null,
  longest: number,
  end: () => void,
): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  if (stream)
    for await (const chunk of stream) {
      text += decoder.decode(chunk, { stream: true })
      if (text.length < longest) continue
      end()
      return text.slice(0, longest)
    }
  return text + decoder.decode()
}
