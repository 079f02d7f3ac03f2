// hone eval: responses of a model, an endpoint or a file against a benchmark.
import { defineCommand } from 'citty'
import { EXIT } from '../error.ts'
import { evalFlags } from '../job/evaluate/flags.ts'
import { meets } from '../job/evaluate/reports.ts'
import { evaluate } from '../job/evaluate/evaluate.ts'

export default defineCommand({
  meta: { description: 'judge responses as a benchmark does: BFCL, API-Bank, ACEBench or your own rows' },
  args: evalFlags,
  async run({ args }) {
    return meets(await evaluate(args), args.min) ? EXIT.ok : EXIT.no
  },
})
