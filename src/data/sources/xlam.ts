// xLAM: a query, tools and answers as JSON text; parameters are a flat map with Python types.
import { toCalls } from '../calls.ts'
import { arrayAt, stringAt, type Source } from '../source.ts'

export const xlam: Source = {
  what: 'xLAM function calling (Salesforce/xlam-function-calling-60k, CC-BY-4.0; also MadeAgents/xlam-irrelevance-7.5k)',
  recognises: (record) =>
    typeof record['query'] === 'string' && typeof record['tools'] === 'string' && typeof record['answers'] === 'string',
  convert(record) {
    const id = record['id']
    return {
      ...(typeof id === 'number' || typeof id === 'string' ? { id: `xlam-${id}` } : {}),
      tools: arrayAt(record, 'tools', 'bad-tools'),
      turns: [
        { role: 'user', content: stringAt(record, 'query') },
        { role: 'assistant', content: '', tool_calls: toCalls(arrayAt(record, 'answers', 'bad-call')) },
      ],
      meta: {},
    }
  },
}
