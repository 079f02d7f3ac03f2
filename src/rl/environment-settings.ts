// Settings of training with an environment: which one, its tools, and the limits of an episode.
import * as v from 'valibot'
import { isObject, type Json, type JsonObject } from '../text/json.ts'
import { atLeast, begins, count, file, orNone, positive, say, share, text } from '../text/setting.ts'

const parameters = v.custom<JsonObject>((value) => isObject(value as Json), 'Expected a JSON Schema of type object')

/** A tool of the configuration: who it is, and where its calls go. Arguments go as JSON to the command's standard input or as the body. */
export const ConfiguredTool = v.pipe(
  v.strictObject({
    name: v.string(),
    description: v.optional(v.string(), ''),
    parameters: v.optional(parameters, { type: 'object', properties: {} }),
    command: v.optional(v.string()),
    url: v.optional(v.string()),
  }),
  v.check(({ command, url }) => (command === undefined) !== (url === undefined), 'a tool with a command or a url'),
)
export type ConfiguredTool = v.InferOutput<typeof ConfiguredTool>

/** What runs the code of a model. */
export const CODE_ENGINES = ['auto', 'embedded', 'python', 'http'] as const

export interface CodeSettings {
  codeEngine: (typeof CODE_ENGINES)[number]
  codeUrl: string | null
  codeState: 'call' | 'episode'
  /** Seconds of a program, and of any other call. */
  toolTimeout: number
}

/** Who answers what the model writes. */
export interface EnvironmentSettings extends CodeSettings {
  env: string | null
  envCmd: string | null
  tools: readonly ConfiguredTool[]
  mcp: string | null
  frame: string | null
  maxToolCalls: number | null
  /** Documents that a search finds at most. */
  searchResults?: number | undefined
}

/** Unless said otherwise. */
export const SEARCH_RESULTS = 3

export const codeSettings = {
  codeEngine: say(
    v.optional(v.picklist(CODE_ENGINES), 'auto'),
    'what runs code: embedded, python (python3, isolated), http (SandboxFusion), auto (embedded, else python for what that lacks)',
  ),
  codeUrl: say(orNone(text('URL'), 'none'), 'address of the sandbox for the engine http'),
  codeState: say(v.optional(v.picklist(['call', 'episode']), 'call'), 'how long names that code bound are kept'),
}

export const environmentSettings = {
  env: begins(
    'Environment',
    say(
      orNone(text('NAME'), 'none'),
      'environment that answers the calls: a name, a .ts file, or the ws:// address of an OpenEnv server; a row may name another in its column env',
      'environment',
    ),
  ),
  envCmd: say(orNone(text('CMD'), 'none'), 'program that is the environment, in lines of JSON'),
  agent: say(
    orNone(text('CMD'), 'none'),
    'program that is run for every completion, with the model at OPENAI_BASE_URL and the row in HONE_ROW',
  ),
  tools: say(
    v.optional(v.array(ConfiguredTool), []),
    'tools of an environment: {name, description, parameters, command | url}',
  ),
  mcp: say(
    orNone(file(), 'none'),
    'file of MCP servers ({"mcpServers": {…}}) whose tools are offered; stateArgument in a server names the argument that tells episodes apart',
  ),
  ...codeSettings,
  searchResults: say(v.optional(count(), SEARCH_RESULTS), 'documents that a search of kb or search finds at most'),
  frame: say(
    orNone(text('NAME'), 'none'),
    'how calls stand in running text (retool, torl, start, tool-star, arpo, rewoo) in place of the call format; a row may name another in its column frame',
  ),
  maxTurns: say(v.optional(count(), 8), 'turns of the model in an episode', 'max_assistant_turns'),
  maxToolCalls: say(orNone(count(0), 'no limit'), 'calls in an episode'),
  toolResultTokens: say(
    v.optional(count(2), 512),
    'tokens of one result; of a longer one the middle is left out',
    'max_tool_response_length',
  ),
  toolTimeout: say(v.optional(positive(), 10), 'seconds for an answer of a tool or an environment'),
  rolloutTimeout: say(orNone(positive(), 'no limit'), 'seconds for a whole episode'),
}

/** The same for training, and how the episodes of a row become a tree. */
export const trainedEnvironmentSettings = {
  ...environmentSettings,
  branchInitial: begins(
    'Branches',
    say(
      orNone(count(), 'all'),
      'completions of a group that begin at the prompt; the others branch off after results of tools (ARPO)',
      'initial_rollouts',
    ),
  ),
  branchBeam: say(
    v.optional(count(2), 2),
    'a turn after a result becomes at most so many, while the group has room',
    'beam_size',
  ),
  branchAlpha: say(
    v.optional(share(), 0.5),
    'chance of a turn to branch whose entropy is that of the first turn',
    'branch_probability',
  ),
  branchBeta: say(v.optional(atLeast(0), 0.2), 'what it grows by with the entropy', 'entropy_weight'),
  /** ARPO's two (arXiv 2507.19849 section 3.2); with one update a step their gradients are the same. */
  branchAdvantage: say(
    v.optional(v.picklist(['soft', 'hard']), 'soft'),
    'what completions share before they part: in each its own advantage, or in all the mean of theirs',
  ),
}

/** Whether completions are more than one turn. */
export const isAnswered = (settings: EnvironmentSettings & { agent: string | null }): boolean =>
  settings.agent !== null || hasEnvironment(settings)

/** Whether an environment answers what the model writes. */
export function hasEnvironment({ env, envCmd, tools, mcp }: EnvironmentSettings): boolean {
  return env !== null || envCmd !== null || mcp !== null || tools.length > 0
}
