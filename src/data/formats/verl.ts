// verl's parquet rows: the columns, types and nesting that its RL data loader reads.
import type { SchemaElement } from 'hyparquet'
import { ByteWriter, ParquetWriter } from 'hyparquet-writer'
import { HoneError } from '../../error.ts'
import { dumpJson } from '../../text/json.ts'
import { writeFileAtomic } from '../../text/jsonl.ts'
import type { PromptForm } from '../../dialogue/prompt/form.ts'
import type { HoneRow } from '../../dialogue/row.ts'
import type { RowWriter } from './format.ts'

/** Columns as parquet-cpp writes them for a list of Python dicts, which is what verl's own preparation does. */
const SCHEMA: SchemaElement[] = [
  { name: 'schema', num_children: 5 },
  text('data_source'),
  {
    name: 'prompt',
    repetition_type: 'OPTIONAL',
    num_children: 1,
    converted_type: 'LIST',
    logical_type: { type: 'LIST' },
  },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  { name: 'element', repetition_type: 'OPTIONAL', num_children: 2 },
  text('content'),
  text('role'),
  text('ability'),
  { name: 'reward_model', repetition_type: 'OPTIONAL', num_children: 2 },
  text('ground_truth'),
  text('style'),
  { name: 'extra_info', repetition_type: 'OPTIONAL', num_children: 3 },
  { name: 'index', type: 'INT64', repetition_type: 'OPTIONAL' },
  text('prompt_type'),
  text('split'),
]

/** Rows in groups of 1,000, encoded as they come; the file is written on commit. @throws HoneError for stdout. */
export function openVerl(path: string, form: PromptForm, split: string): RowWriter {
  if (path === '-')
    throw new HoneError('Cannot write parquet to standard output', { hint: 'give a file with -o FILE.parquet' })
  const writer = new ByteWriter()
  const parquet = new ParquetWriter({ writer, schema: SCHEMA })
  let rows: VerlRow[] = []
  let index = 0
  const flush = () => {
    if (rows.length === 0) return
    const column = <Key extends keyof VerlRow>(name: Key) => ({ name, data: rows.map((row) => row[name]) })
    const columnData = [
      column('data_source'),
      column('prompt'),
      column('ability'),
      column('reward_model'),
      column('extra_info'),
    ]
    void parquet.write({ columnData, rowGroupSize: GROUP })
    rows = []
  }
  return {
    write(row) {
      rows.push(verlRow(row, form, split, index++))
      if (rows.length === GROUP) flush()
    },
    commit() {
      flush()
      void parquet.finish()
      writeFileAtomic(path, writer.getBytes())
    },
    discard() {},
  }
}

interface VerlRow {
  data_source: string
  prompt: { role: string; content: string }[]
  ability: string
  reward_model: { style: string; ground_truth: string }
  extra_info: { split: string; index: bigint; prompt_type: string }
}

function verlRow(row: HoneRow, form: PromptForm, split: string, index: number): VerlRow {
  return {
    data_source: 'toolcall',
    prompt: form.messages(row).map(({ role, content }) => ({ role, content })),
    ability: 'toolcall',
    reward_model: { style: 'rule', ground_truth: dumpJson(row.answer) },
    extra_info: { split, index: BigInt(index), prompt_type: 'qwen' },
  }
}

function text(name: string): SchemaElement {
  return {
    name,
    type: 'BYTE_ARRAY',
    repetition_type: 'OPTIONAL',
    converted_type: 'UTF8',
    logical_type: { type: 'STRING' },
  }
}

const GROUP = 1000
