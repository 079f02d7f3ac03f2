// hone parse: completions in, the thinking and calls they hold out.
import { parseFiles, ParseFlags } from '../job/parse.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'read the calls out of completions, as scoring and training do',
  group: 'rewards',
  examples: ['hone parse completions.jsonl --parser hermes'],
  flags: ParseFlags,
  run: parseFiles,
})
