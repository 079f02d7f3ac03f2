// What is watched: one run, several, or all those of a study.
import { basename, dirname, join, resolve, sep } from 'node:path'
import { HoneError } from '../../error.ts'
import { isRun, pathsOf } from '../paths.ts'
import { isStudy, readStudyRecord, type StudyRecord, studyPaths, studyRuns } from '../study.ts'
import type { StudyView } from './view.ts'

export interface Watched {
  name: string
  runs: { name: string; directory: string }[]
  study?: StudyView | undefined
}

/** @throws HoneError for a directory that holds neither a run nor a study, and for a study beside others. */
export function watchedAt(directories: readonly string[]): Watched {
  const [first] = directories
  if (directories.length === 1 && !isRun(first!) && isStudy(first!)) return studyAt(first!)
  for (const directory of directories)
    if (!isRun(directory))
      throw new HoneError(
        isStudy(directory)
          ? `Cannot show the study in "${directory}" beside others`
          : `Cannot find a run in "${directory}": there is no ${basename(pathsOf(directory).record)}`,
        {
          at: directory,
          hint: isStudy(directory)
            ? `give it alone, or runs of it: ${join(studyPaths(directory).runs, 'NAME')}`
            : 'give the directory that --output named, of a run or of a study',
        },
      )
  const names = namesOf(directories)
  return {
    name: names.join(' · '),
    runs: directories.map((directory, i) => ({ name: names[i]!, directory })),
  }
}

/** The last folders of each path, as many as tell them apart; `run` alone is no name. */
function namesOf(directories: readonly string[]): string[] {
  const parts = directories.map((directory) => resolve(directory).split(sep))
  const longest = Math.max(...parts.map(({ length }) => length))
  for (let count = 1; count < longest; count++) {
    const names = parts.map((each) => each.slice(-count).join('/'))
    if (new Set(names).size === names.length && !names.includes('run')) return names
  }
  return directories.map((directory) => `${basename(dirname(resolve(directory)))}/${basename(directory)}`)
}

function studyAt(directory: string): Watched {
  const record = readStudyRecord(directory)
  const { runs: folder } = studyPaths(directory)
  const begun = new Set(studyRuns(directory))
  // In the order of the arms; what belongs to none comes last.
  const told = record?.arms.flatMap(({ seeds }) => seeds.flatMap(({ runs }) => runs)) ?? []
  const names = [...new Set([...told.filter((name) => begun.has(name)), ...begun])]
  const runs = names.map((name) => ({ name: titleOf(name, record), directory: join(folder, name) }))
  const study = record && {
    arms: record.arms.map(({ name, seeds }) => ({
      name,
      seeds: seeds.map(({ seed, runs: own, score }) => ({
        seed,
        runs: own.flatMap((each) => (names.includes(each) ? [names.indexOf(each)] : [])),
        ...(score && { score }),
      })),
    })),
    bars: record.bars,
  }
  return { name: basename(resolve(directory)), runs, study }
}

/** The arms that a run belongs to and its seed, in place of the letters that tell it from others. */
function titleOf(run: string, record: StudyRecord | undefined): string {
  const kind = run.split('-')[0]!
  const places = (record?.arms ?? []).flatMap(({ name, seeds }) =>
    seeds.flatMap(({ seed, runs }) => (runs.includes(run) ? [{ name, seed }] : [])),
  )
  if (places.length === 0) return run
  return `${places.map(({ name }) => name).join(', ')} · seed ${places[0]!.seed} · ${kind}`
}
