// hone prep: raw rows of any source in, hone rows out.
import { prepCommand, PrepFlags } from '../job/prep.ts'
import { command } from '../shell/command.ts'

export default command({
  description: 'turn tool-calling data of any source into clean hone rows',
  group: 'data',
  examples: [
    'hone prep raw.jsonl -o rows.jsonl',
    'hone prep xlam.parquet --from xlam -o rows.jsonl --reject left-out.jsonl',
    'hone prep raw.jsonl -o train.jsonl --validation test.jsonl --validation-ratio 0.1',
    'hone prep --mix a.jsonl:2,b.jsonl:1 --limit 3000 -o train.jsonl --validation test.jsonl --split question,tools',
  ],
  flags: PrepFlags,
  run: prepCommand,
})
