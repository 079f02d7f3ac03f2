// The values of an event as protocol buffers: scalars, text, and the hyperparameters of a session.
//
// Fields are written as (number << 3 | wire type), then their value; numbers from tensorboard/compat/proto/{summary,tensor}.proto and
// tensorboard/plugins/hparams/{api,plugin_data}.proto.
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'

/** A Summary.Value. */
export type Summary = Uint8Array

export function scalar(tag: string, value: number): Summary {
  return message((w) => w.tag(1, BYTES).string(tag).tag(2, WireType.Bit32).float(value))
}

/** Markdown that the text plugin shows. */
export function text(tag: string, value: string): Summary {
  return message((w) => {
    w.tag(1, BYTES).string(`${tag}/text_summary`)
    w.tag(8, BYTES).bytes(
      message((tensor) =>
        tensor.tag(1, VARINT).int32(STRING).tag(2, BYTES).bytes(vector(1)).tag(8, BYTES).string(value),
      ),
    )
    w.tag(9, BYTES).bytes(plugin('text'))
  })
}

type Settings = Readonly<Record<string, unknown>>
/** What the hyperparameter plugin can show. */
type Shown = string | number | boolean

/** The hyperparameters of a run, and that it began. Settings that are no single value are their JSON. `time` in milliseconds. */
export function sessionStart(settings: Settings, time: number): Summary[] {
  const shown = Object.entries(settings).flatMap(([name, value]): [string, Shown][] => {
    if (value === null || value === undefined) return []
    return [[name, ['string', 'number', 'boolean'].includes(typeof value) ? (value as Shown) : JSON.stringify(value)]]
  })
  const experiment = message((w) => {
    w.tag(3, WireType.Bit64).double(time / 1000)
    for (const [name, value] of shown)
      w.tag(4, BYTES).bytes(
        message((info) =>
          info
            .tag(1, BYTES)
            .string(name)
            .tag(4, VARINT)
            .int32(kinds[typeof value as Kind].type),
        ),
      )
    for (const tag of METRICS)
      w.tag(5, BYTES).bytes(
        message((info) => info.tag(1, BYTES).bytes(message((name) => name.tag(2, BYTES).string(tag)))),
      )
  })
  const start = message((w) => {
    for (const [name, value] of shown)
      w.tag(1, BYTES).bytes(
        message((entry) =>
          entry
            .tag(1, BYTES)
            .string(name)
            .tag(2, BYTES)
            .bytes(message((held) => hold(held, value))),
        ),
      )
    w.tag(5, WireType.Bit64).double(time / 1000)
  })
  return [hyperparameters('experiment', 2, experiment), hyperparameters('session_start_info', 3, start)]
}

export function sessionEnd(time: number, success: boolean): Summary {
  const end = message((w) =>
    w
      .tag(1, VARINT)
      .int32(success ? SUCCESS : FAILURE)
      .tag(2, WireType.Bit64)
      .double(time / 1000),
  )
  return hyperparameters('session_end_info', 4, end)
}

/** The columns beside the hyperparameters. */
const METRICS = ['train/reward', 'train/loss', 'eval/exact_match']

type Kind = 'string' | 'boolean' | 'number'
/** Kinds of values: their number in the plugin's list of types, and how they are written. */
const kinds: Record<Kind, { type: number; write: (w: BinaryWriter, value: never) => void }> = {
  string: { type: 1, write: (w, value: string) => w.tag(3, BYTES).string(value) },
  boolean: { type: 2, write: (w, value: boolean) => w.tag(4, VARINT).bool(value) },
  number: { type: 3, write: (w, value: number) => w.tag(2, WireType.Bit64).double(value) },
}

/** A google.protobuf.Value. */
function hold(w: BinaryWriter, value: Shown): void {
  kinds[typeof value as Kind].write(w, value as never)
}

/** A value of the plugin: all that it says is in its metadata. */
function hyperparameters(name: string, field: number, content: Uint8Array): Summary {
  return message((w) => {
    w.tag(1, BYTES).string(`_hparams_/${name}`)
    w.tag(8, BYTES).bytes(message((tensor) => tensor.tag(1, VARINT).int32(FLOAT).tag(2, BYTES).bytes(Uint8Array.of())))
    w.tag(9, BYTES).bytes(
      plugin(
        'hparams',
        message((data) => data.tag(field, BYTES).bytes(content)),
      ),
    )
  })
}

/** The metadata that names a plugin. */
function plugin(name: string, content?: Uint8Array): Uint8Array {
  return message((w) =>
    w.tag(1, BYTES).bytes(
      message((data) => {
        data.tag(1, BYTES).string(name)
        if (content) data.tag(2, BYTES).bytes(content)
      }),
    ),
  )
}

/** The shape [size]. */
const vector = (size: number): Uint8Array =>
  message((w) => w.tag(2, BYTES).bytes(message((dim) => dim.tag(1, VARINT).int64(size))))

function message(body: (w: BinaryWriter) => unknown): Uint8Array {
  const w = new BinaryWriter()
  body(w)
  return w.finish()
}

const { LengthDelimited: BYTES, Varint: VARINT } = WireType
/** Of a tensor's elements. */
const [FLOAT, STRING] = [1, 7]
/** Of a session. */
const [SUCCESS, FAILURE] = [1, 2]
