// From settings to an environment: one of the table with its tools, a program, or a file of the user's.
import { existsSync } from 'node:fs'
import { HoneError, lookup } from '../error.ts'
import { isRewardFile, selfCommand } from '../reward/scorer.ts'
import type { Environment } from '../rl/environment.ts'
import { type EnvironmentSettings, hasEnvironment } from '../rl/environment-settings.ts'
import type { Tool } from '../dialogue/row.ts'
import type { JsonObject } from '../text/json.ts'
import type { Engine } from './code/engine.ts'
import { openEngine } from './code/engines.ts'
import { codeInterpreter } from './code/interpreter.ts'
import { openMcp } from './mcp.ts'
import { isOpenEnv, openEnvServer } from './openenv.ts'
import { programEnvironment } from './program.ts'
import type { Frame } from './frames/frame.ts'
import { episodeIn } from './frames/play.ts'
import { frames } from './frames/table.ts'
import type { EnvironmentRow, Given } from './row.ts'
import { environments } from './table.ts'
import { configured } from './tools/configured.ts'
import { search } from './tools/search.ts'

/**
 * Undefined where the settings name none. One of the table that has a ground truth judges by it, unless it is told that
 * another does. @throws HoneError for what does not exist or does not run.
 */
export async function openEnvironment(
  settings: EnvironmentSettings,
  { judges = true }: { judges?: boolean } = {},
): Promise<Environment | undefined> {
  const { env, envCmd, tools, mcp, toolTimeout } = settings
  if (!hasEnvironment(settings)) return undefined
  if (env !== null && envCmd !== null)
    throw new HoneError('Cannot use two environments: both --env and --env-cmd are given', {
      hint: 'leave one of them out',
    })
  if (envCmd !== null) return programEnvironment(['sh', '-c', envCmd], toolTimeout)
  if (env !== null && isOpenEnv(env)) return openEnvServer(env, toolTimeout)
  if (env !== null && isRewardFile(env)) return programEnvironment(fileWords(env), toolTimeout)
  const usual = env ?? 'tools'
  lookup<EnvironmentRow>(environments, 'environment', usual)
  frameOf({}, settings.frame)
  const servers = mcp === null ? undefined : await openMcp(mcp, toolTimeout)
  const given = [...tools.map((tool) => configured(tool, toolTimeout)), ...(servers?.runners ?? [])]
  try {
    requireDistinct(given.map(({ tool }) => tool))
    if (usual === 'tools' && given.length === 0)
      throw new HoneError('Cannot open the environment tools: there are no tools', {
        hint: 'give them as tools or mcp; ' + `the environments are ${Object.keys(environments).join(', ')}`,
      })
  } catch (error) {
    servers?.close()
    throw error
  }
  // Opened by the first episode that has code to run: rows may name their environments.
  let engine: Promise<Engine> | undefined
  const code = () => codeInterpreter(() => (engine ??= openEngine(settings)), settings.codeState === 'episode')
  if (usual === 'code') await (engine = openEngine(settings))
  return {
    tools(json) {
      const row = rowOf(json, usual)
      row.check?.(json)
      const offered = row.tools(given)
      requireDistinct(offered)
      // In a frame, how tools are called is a matter of the prompt.
      return frameOf(json, settings.frame) ? [] : offered
    },
    async reset(_, json, id) {
      const frame = frameOf(json, settings.frame)
      const episode: Given['episode'] = (runners, ending) =>
        episodeIn(frame, runners, judges ? ending : undefined, settings.maxToolCalls)
      return rowOf(json, usual).begin(json, {
        runners: given.map((runner) => runner.of?.(id) ?? runner),
        code,
        search: (documents) => search(documents, settings.searchResults),
        episode,
      })
    },
    close() {
      for (const runner of given) runner.end?.()
      servers?.close()
      void engine?.then((each) => each.close())
    },
  }
}

/** The environment that a row names, else the usual one. @throws HoneError for a name that is none. */
function rowOf(json: JsonObject, usual: string): EnvironmentRow {
  const named = ['env', 'environment', 'env_class'].map((key) => json[key]).find((name) => typeof name === 'string')
  return lookup<EnvironmentRow>(environments, 'environment', typeof named === 'string' ? named : usual)
}

/** The frame that a row names, else the usual one. @throws HoneError for a name that is none. */
function frameOf(json: JsonObject, usual: string | null): Frame | undefined {
  const named = typeof json['frame'] === 'string' ? json['frame'] : usual
  return named === null ? undefined : lookup<Frame>(frames, 'frame', named)
}

function fileWords(path: string): string[] {
  if (!existsSync(path))
    throw new HoneError('Cannot open the environment: there is no such file', {
      at: path,
      hint: '`hone init env` writes one to start from',
    })
  return [...selfCommand(), 'serve-env', path]
}

function requireDistinct(tools: readonly Tool[]): void {
  const names = tools.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) < i)
  if (twice !== undefined)
    throw new HoneError(`Cannot offer two tools of one name: ${twice}`, { hint: 'rename one, or leave out a server' })
}
