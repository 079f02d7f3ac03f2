// What an environment of the table is: a row that opens, from the settings, what begins episodes.
import type { Tool } from '../dialogue/row.ts'
import type { Episode } from '../rl/environment.ts'
import type { Json, JsonObject } from '../text/json.ts'
import type { Runner } from './runner.ts'
import type { Ending } from './toolbox.ts'

/** What the settings give to every episode. */
export interface Given {
  /** The tools of the settings. */
  runners: readonly Runner[]
  /** A code interpreter for one episode. */
  code(): Runner
  /** A search over documents, those of a row. */
  search(documents: Json): Runner
  /** An episode with these tools, in the frame of the settings. */
  episode(runners: readonly Runner[], ending?: Ending): Episode
}

export interface EnvironmentRow {
  what: string
  /** @throws HoneError for a row that it cannot take. */
  check?(row: JsonObject): void
  /** Tools that every row is offered; `given` are those of the settings. */
  tools(given: readonly Runner[]): readonly Tool[]
  /** An episode of the row as it was read. */
  begin(row: JsonObject, given: Given): Episode
}
