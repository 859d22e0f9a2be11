// Cloudflare Queues as the rung below the hosts: a batch is a message there
// until a host confirms that it holds it.

import { Fate, type Forwarder } from "./forward"

// A message may have 128 KB, of which the platform needs about 100 bytes.
const MAX_MESSAGE = 127_000

// Batches are merged up to this many bytes, a quarter of what a host takes by default.
const MAX_MERGED = 1 << 20

// How long a host may take and all of them together, in milliseconds: nobody waits.
const PATIENCE = 10_000
const DEADLINE = 30_000

// When a message comes again, in seconds: soon at first, then twice as long each
// time. A hundred times, the most there can be, are nearly four days.
const FIRST_RETRY = 5
const LAST_RETRY = 3600

// Spill puts batches into the queue.
export class Spill {
  constructor(readonly queue: Queue) {}

  // send reports whether the queue has taken a batch, within `patience`
  // milliseconds. One that is too large for a message even when compressed is not sent.
  async send(id: string, batch: Uint8Array, patience: number): Promise<boolean> {
    try {
      const message = await pack(batch)
      if (message.length > MAX_MESSAGE) throw new Error(`${message.length} bytes compressed are more than a message holds`)
      await within(patience, this.queue.send(message, { contentType: "bytes" }))
      return true
    } catch (error) {
      console.warn(`weir: the queue did not take batch ${id}: ${error instanceof Error ? error.message : error}`)
      return false
    }
  }
}

// consume delivers the queue's messages. Batches are merged by joining their
// bytes: each keeps its header line with its own id, by which hosts tell
// what they hold already. What no host confirms comes again.
export async function consume(messages: MessageBatch, forwarder: Forwarder): Promise<void> {
  const waiting = messages.messages.slice()
  while (waiting.length > 0) {
    const group = await take(waiting)
    if (group.length === 0) continue
    if (await deliver(group, forwarder)) continue
    // No host takes anything: the rest need not try.
    for (const message of waiting) retry(message)
    console.error(`weir: ${waiting.length + group.length} of ${messages.messages.length} messages of queue ${messages.queue} stay there: no host takes them`)
    return
  }
}

// Batch is one that a message holds.
interface Batch {
  message: Message
  id: string
  bytes: Uint8Array
}

// take removes messages from the front of a list whose batches go together, and
// returns those that could be read.
async function take(waiting: Message[]): Promise<Batch[]> {
  const group: Batch[] = []
  for (let size = 0; waiting.length > 0; ) {
    const message = waiting[0]!
    try {
      const batch = await read(message)
      size += batch.bytes.length
      if (group.length > 0 && size > MAX_MERGED) break
      group.push(batch)
    } catch (error) {
      console.error(`weir: message ${message.id} holds no batch: ${error instanceof Error ? error.message : error}`)
      retry(message)
    }
    waiting.shift()
  }
  return group
}

// deliver reports whether hosts take batches at all. Those they took are done
// with, the others come again.
async function deliver(group: Batch[], forwarder: Forwarder): Promise<boolean> {
  const fate = await forward(group, forwarder)
  if (fate === Fate.Unwanted && group.length > 1) {
    // One of them spoils the others.
    for (const [i, batch] of group.entries()) {
      if (await deliver([batch], forwarder)) continue
      for (const { message } of group.slice(i + 1)) retry(message)
      return false
    }
    return true
  }
  for (const { id, message } of group) {
    if (fate === Fate.Taken) message.ack()
    else retry(message)
    if (fate === Fate.Unwanted) console.error(`weir: no host wants batch ${id}, attempt ${message.attempts}: it goes to the dead letter queue in the end`)
  }
  return fate !== Fate.Kept
}

async function forward(group: Batch[], forwarder: Forwarder): Promise<Fate> {
  const body = join(group.map((batch) => batch.bytes))
  const signed = await forwarder.sign(group[0]!.id, body)
  const { awake, resting } = forwarder.hosts()
  return forwarder.post([...awake, ...resting], signed, PATIENCE, Date.now() + DEADLINE)
}

function retry(message: Message): void {
  message.retry({ delaySeconds: Math.min(FIRST_RETRY * 2 ** (message.attempts - 1), LAST_RETRY) })
}

const GZIP = 0x1f // no batch begins with it

// pack makes a message of a batch: its bytes, or if they are too many their
// gzip. It is a copy, as sending takes the bytes away from whoever holds them.
async function pack(batch: Uint8Array): Promise<Uint8Array> {
  return batch.length <= MAX_MESSAGE ? batch.slice() : pipe(batch, new CompressionStream("gzip"))
}

async function read(message: Message): Promise<Batch> {
  if (!(message.body instanceof ArrayBuffer) && !ArrayBuffer.isView(message.body)) throw new Error("it is not binary")
  let bytes = new Uint8Array(message.body instanceof ArrayBuffer ? message.body : message.body.buffer.slice(message.body.byteOffset, message.body.byteOffset + message.body.byteLength))
  if (bytes[0] === GZIP) bytes = await pipe(bytes, new DecompressionStream("gzip"))
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0x0a)))) as { id?: unknown }
  if (typeof header.id !== "string") throw new Error("its header has no id")
  return { message, id: header.id, bytes }
}

async function pipe(bytes: Uint8Array, through: CompressionStream | DecompressionStream): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(through)).arrayBuffer())
}

function join(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

// within rejects when a promise takes longer than so many milliseconds.
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: number | null = null
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not answer within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
