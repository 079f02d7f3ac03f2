// What a tool is to an environment: its description for the model, and what runs a call.
import type { Tool } from '../dialogue/row.ts'
import type { JsonObject } from '../text/json.ts'

export interface Runner {
  tool: Tool
  /** A call leaves nothing behind: episodes that made the same ones stand at the same point. */
  pure?: boolean
  /** The result as the model reads it. Rejects with an error in words for the model: the call did not fit. */
  run(values: JsonObject): Promise<string>
  /** The same tool for one episode, where it keeps a state of each. */
  of?(episode: string): Runner
  /** Ends the calls that still run: nobody waits for them any more. */
  end?(): void
}

/** A tool that failed, hung or was not there: told to the model in a few words, and counted as a fault of the row. */
export class ToolFailure extends Error {}

/** What `work` gives. @throws ToolFailure after so many seconds; `onLate` ends the work. */
export async function within<Result>(seconds: number, work: Promise<Result>, onLate: () => void): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    onLate()
    reject(new ToolFailure(`no answer within ${seconds} s`))
  }, seconds * 1000)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
