// The frames that cross into the module and out of it, byte for byte as
// edge/abi/abi.go specifies them.

export interface Input {
  method: string
  path: string // as sent, without the query
  query: string // as sent, without '?'
  host: string
  clientIP: string
  secure: boolean
  headers: Iterable<[name: string, value: string]>
  body: Uint8Array
  bodyTooLarge: boolean
  trapped: boolean
  now: number // milliseconds since the Unix epoch
  entropy: Uint8Array // 32 bytes
  location: Location
  bot: Bot
}

// Bot is what the platform knows of whether a request is a person's.
export interface Bot {
  score: number // 1 (surely a machine) to 99 (surely a person), 0 for unknown
  verified: boolean // the machine is one that the platform knows
}

export interface Location {
  country: string
  region: string
  city: string
  continent: string
  timezone: string
  latitude: string
  longitude: string
  asn: string
  asOrg: string
  colo: string
}

const VERSION = 1
const HEAD = 48 // bytes before the first string of an input

const SECURE = 1
const BODY_TOO_LARGE = 2
const TRAPPED = 4
const VERIFIED_BOT = 8

const encoder = new TextEncoder()
const decoder = new TextDecoder()

// Encoder is an input on its way to a frame: its strings are gathered first, so
// that room can be made for them before they are written.
export class Encoder {
  readonly #strings: string[]
  readonly #fields: number // strings that are no header
  readonly room: number // at least as many bytes as the frame takes

  constructor(readonly input: Input) {
    const at = input.location
    const strings = [
      input.method, input.path, input.query, input.host, input.clientIP,
      at.country, at.region, at.city, at.continent, at.timezone,
      at.latitude, at.longitude, at.asn, at.asOrg, at.colo,
    ]
    this.#fields = strings.length
    for (const [name, value] of input.headers) strings.push(name, value)
    // UTF-8 takes at most three bytes for what is one unit in JavaScript.
    let room = HEAD + 8 + input.body.length
    for (const s of strings) room += 4 + 3 * s.length
    this.#strings = strings
    this.room = room
  }

  // write puts the frame at `start` of a memory and returns its length.
  write(memory: ArrayBuffer, start: number): number {
    const { input } = this
    const strings = this.#strings
    const bytes = new Uint8Array(memory, start, this.room)
    const view = new DataView(memory, start, this.room)
    view.setUint32(4, VERSION | (flags(input) << 8) | (input.bot.score << 16), true)
    view.setUint32(8, input.now >>> 0, true)
    view.setInt32(12, Math.floor(input.now / 2 ** 32), true)
    bytes.set(input.entropy, 16)

    let end = HEAD
    for (let i = 0; i < this.#fields; i++) end = putString(bytes, view, end, strings[i]!)
    view.setUint32(end, (strings.length - this.#fields) / 2, true)
    end += 4
    for (let i = this.#fields; i < strings.length; i++) end = putString(bytes, view, end, strings[i]!)
    view.setUint32(end, input.body.length, true)
    bytes.set(input.body, end + 4)
    end += 4 + input.body.length
    view.setUint32(0, end, true)
    return end
  }
}

function flags(input: Input): number {
  return (input.secure ? SECURE : 0) | (input.bodyTooLarge ? BODY_TOO_LARGE : 0) | (input.trapped ? TRAPPED : 0) | (input.bot.verified ? VERIFIED_BOT : 0)
}

function putString(bytes: Uint8Array, view: DataView, at: number, s: string): number {
  const start = at + 4
  let end = start
  // A loop beats encodeInto for the short ASCII strings that nearly all of these are.
  for (let i = 0; i < s.length; i++) {
    const unit = s.charCodeAt(i)
    if (unit > 127) {
      end += encoder.encodeInto(s.slice(i), bytes.subarray(end)).written
      break
    }
    bytes[end++] = unit
  }
  view.setUint32(at, end - start, true)
  return end
}

// Ack says when the tracker may be told that its events are safe.
export enum Ack {
  Stored, // a host has synced the batch
  Delivered, // and its required sinks have confirmed
  Queued, // the queue has taken it
  Fast, // at once
}

export interface Answer {
  status: number
  headers: [name: string, value: string][]
  body: Uint8Array
}

// Outcome reads an outcome frame, of which it owns the bytes. What is not
// asked for is not decoded: most requests never look at the refusal.
export class Outcome {
  readonly ack: Ack
  readonly batchID: string
  readonly batch: Uint8Array
  readonly #answers: number // where the two responses begin

  constructor(readonly frame: Uint8Array) {
    const reader = new Reader(frame, 0)
    if (reader.uint32() !== frame.length || frame[4] !== VERSION) throw new Error("the module returned a malformed outcome")
    this.ack = frame[5]!
    reader.at = 8
    this.batchID = reader.string()
    this.batch = reader.bytes()
    this.#answers = reader.at
  }

  get response(): Answer {
    return new Reader(this.frame, this.#answers).answer()
  }

  get refusal(): Answer {
    const reader = new Reader(this.frame, this.#answers)
    reader.answer()
    return reader.answer()
  }
}

// Reader takes fields off a frame; past its end it throws a RangeError.
class Reader {
  readonly #view: DataView

  constructor(readonly frame: Uint8Array, public at: number) {
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  }

  uint32(): number {
    const n = this.#view.getUint32(this.at, true)
    this.at += 4
    return n
  }

  bytes(): Uint8Array {
    const length = this.uint32()
    if (length > this.frame.length - this.at) throw new RangeError("a field reaches past the end of the frame")
    this.at += length
    return this.frame.subarray(this.at - length, this.at)
  }

  string(): string {
    return decoder.decode(this.bytes())
  }

  answer(): Answer {
    const status = this.uint32()
    const headers: [string, string][] = []
    for (let n = this.uint32(); n > 0; n--) headers.push([this.string(), this.string()])
    return { status, headers, body: this.bytes() }
  }
}
