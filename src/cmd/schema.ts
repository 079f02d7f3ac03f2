// hone schema: JSON Schema of rows, configurations and what a run writes.
import { schemaCommand, SchemaFlags } from '../job/schema.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'JSON Schema of rows, configurations and the files of a run',
  group: 'program',
  examples: ['hone schema', 'hone schema rows', 'hone schema train > train.schema.json'],
  flags: SchemaFlags,
  run: schemaCommand,
})
