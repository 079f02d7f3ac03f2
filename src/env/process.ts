// Processes that answer a call: what they print, up to a length, and their end with all that they started.

/** Characters of a tool's output that are read; one that floods is cut there. */
export const LONGEST_OUTPUT = 2 ** 20

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
