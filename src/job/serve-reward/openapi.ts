// The OpenAPI description of the reward server.
import { version } from '../../shell/version.ts'

/** OpenAPI 3.1 of POST /score for the reward of that name. */
export function openApi(reward: string, secured: boolean): object {
  return {
    openapi: '3.1.0',
    info: { title: `hone reward ${reward}`, version },
    ...(secured && { security: [{ bearer: [] }] }),
    paths: {
      '/score': {
        post: {
          summary: `Score completions with ${reward}, in order`,
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Request' } } },
          },
          responses: {
            '200': {
              description: 'One verdict a row',
              content: { 'application/json': { schema: { $ref: '#/components/schemas/Response' } } },
            },
            '400': { description: 'A row or the body is malformed' },
            '401': { description: 'The bearer token is missing or wrong' },
          },
        },
      },
      '/health': { get: { summary: 'The reward and the version', responses: { '200': { description: 'Ready' } } } },
    },
    components: {
      ...(secured && { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
      schemas: {
        Call: {
          type: 'object',
          required: ['name', 'arguments'],
          properties: { name: { type: 'string' }, arguments: { type: 'object' } },
        },
        Row: {
          type: 'object',
          required: ['completion'],
          properties: {
            completion: { type: 'string', description: "The model's text" },
            ground_truth: { description: 'What is right, as text, or as a list of calls' },
            answer: { type: 'array', items: { $ref: '#/components/schemas/Call' } },
            step: { type: 'integer', description: 'Training step, for rewards with a schedule' },
            model: { type: 'string' },
            tokens: { type: 'integer', description: 'Length of the completion in tokens' },
          },
        },
        Verdict: {
          type: 'object',
          required: ['score', 'parts', 'fault', 'reasons'],
          properties: {
            score: { type: 'number' },
            parts: { type: ['object', 'null'], additionalProperties: { type: ['number', 'null'] } },
            fault: { type: ['string', 'null'], description: 'Why there is no score; the score is then 0' },
            reasons: { type: 'array', items: { type: 'string' } },
          },
        },
        Request: {
          type: 'object',
          required: ['rows'],
          properties: { rows: { type: 'array', items: { $ref: '#/components/schemas/Row' } } },
        },
        Response: {
          type: 'object',
          required: ['verdicts'],
          properties: { verdicts: { type: 'array', items: { $ref: '#/components/schemas/Verdict' } } },
        },
      },
    },
  }
}
