// The edge module and its one instance per isolate. Every call into it is
// synchronous, so that requests which interleave never share its memory.

import { Encoder, Outcome, type Input } from "./frame"
import { wasi } from "./wasi"

interface Exports {
  memory: WebAssembly.Memory
  _initialize(): void
  weir_buffer(length: number): number
  weir_init(settings: number, bundle: number): number
  weir_collect(length: number): number
  weir_bundle(length: number): number
  weir_salts(length: number): number
  weir_error(): number
}

// An instance whose memory has grown past this many bytes is replaced after its request.
const RECYCLE_ABOVE = 32 << 20

// Trap says that a call into the module did not return.
export class Trap extends Error {}

// Module makes instances of a compiled module and replaces them.
export class Module {
  #instance: Instance | undefined
  // The last that an instance took: the next one knows neither.
  #bundle: Uint8Array | undefined
  #salts: Uint8Array | undefined

  constructor(
    readonly compiled: WebAssembly.Module,
    readonly settings: Uint8Array,
    readonly bundle: Uint8Array,
  ) {}

  // start makes the first instance, so that faulty settings or a faulty bundle
  // are an Error here.
  start(): void {
    if (this.#instance) return
    const instance = new Instance(this.compiled, this.settings, this.bundle)
    if (this.#bundle) instance.offer(this.#bundle)
    if (this.#salts) instance.salt(this.#salts)
    this.#instance = instance
  }

  // offer hands over the hosts' schemas, which go before the built-in ones. It
  // throws what is wrong with them; those there were stay then.
  offer(bundle: Uint8Array): void {
    this.#hand((instance) => instance.offer(bundle))
    this.#bundle = bundle
  }

  // salt hands over the salts of the day as a host lists them. It throws what is
  // wrong with them; those there were stay then.
  salt(salts: Uint8Array): void {
    this.#hand((instance) => instance.salt(salts))
    this.#salts = salts
  }

  #hand(over: (instance: Instance) => void): void {
    this.start()
    try {
      over(this.#instance!)
    } catch (error) {
      if (error instanceof Trap) this.#instance = undefined
      throw error
    }
  }

  // memory is the size of the instance's memory in bytes, 0 if there is none.
  get memory(): number {
    return this.#instance?.memory ?? 0
  }

  // collect handles one request. An instance that traps is replaced and the
  // request tried again; if that traps too, the request is kept as a failed
  // event without being decoded. It throws a Trap when even that fails, and an
  // Error when settings or bundle are faulty.
  collect(input: Input): Outcome {
    for (let tries = 1; ; tries++) {
      try {
        this.start()
        const outcome = this.#instance!.collect(input)
        if (this.#instance!.memory > RECYCLE_ABOVE) this.#instance = undefined
        return outcome
      } catch (error) {
        // After a trap nothing in the instance's memory can be relied on.
        this.#instance = undefined
        if (!(error instanceof Trap) || tries === 3) throw error
        console.error(`weir: the edge module trapped, attempt ${tries}: ${error.message}`)
        if (tries === 2) input = { ...input, trapped: true }
      }
    }
  }
}

class Instance {
  readonly #exports: Exports

  constructor(compiled: WebAssembly.Module, settings: Uint8Array, bundle: Uint8Array) {
    const instance = new WebAssembly.Instance(compiled, {
      wasi_snapshot_preview1: wasi(() => this.#exports.memory.buffer),
    })
    this.#exports = instance.exports as unknown as Exports
    trapping(() => this.#exports._initialize())

    const start = trapping(() => this.#exports.weir_buffer(settings.length + bundle.length))
    const memory = new Uint8Array(this.#exports.memory.buffer)
    memory.set(settings, start)
    memory.set(bundle, start + settings.length)
    if (trapping(() => this.#exports.weir_init(settings.length, bundle.length)) === 0) {
      throw new Error(`starting the edge module: ${this.#error()}`)
    }
  }

  // memory is the size of the instance's memory in bytes; it never shrinks.
  get memory(): number {
    return this.#exports.memory.buffer.byteLength
  }

  collect(input: Input): Outcome {
    const frame = new Encoder(input)
    return trapping(() => {
      const start = this.#exports.weir_buffer(frame.room)
      // The memory's buffer is asked for afresh after every call: growing detaches it.
      const length = frame.write(this.#exports.memory.buffer, start)
      const at = this.#exports.weir_collect(length)
      if (at === 0) throw new Error(this.#error())
      return new Outcome(this.#copy(at))
    })
  }

  offer(bundle: Uint8Array): void {
    this.#hand(bundle, (length) => this.#exports.weir_bundle(length))
  }

  salt(salts: Uint8Array): void {
    this.#hand(salts, (length) => this.#exports.weir_salts(length))
  }

  #hand(content: Uint8Array, over: (length: number) => number): void {
    const start = trapping(() => this.#exports.weir_buffer(content.length))
    new Uint8Array(this.#exports.memory.buffer).set(content, start)
    if (trapping(() => over(content.length)) === 0) throw new Error(this.#error())
  }

  // copy takes the frame at `at` out of the module's memory.
  #copy(at: number): Uint8Array {
    const { buffer } = this.#exports.memory
    const length = new DataView(buffer).getUint32(at, true)
    return new Uint8Array(buffer, at, length).slice()
  }

  #error(): string {
    const at = this.#exports.weir_error()
    const { buffer } = this.#exports.memory
    const length = new DataView(buffer).getUint32(at, true)
    return new TextDecoder().decode(new Uint8Array(buffer, at + 4, length))
  }
}

// trapping turns whatever is thrown out of the module, or by reading what it
// left behind, into a Trap.
function trapping<T>(call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw new Trap(error instanceof Error ? error.message : String(error))
  }
}
