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
  weir_error(): number
}

// An instance whose memory has grown past this many bytes is replaced after its request.
const RECYCLE_ABOVE = 32 << 20

// Trap says that a call into the module did not return.
export class Trap extends Error {}

// Module makes instances of a compiled module and replaces them.
export class Module {
  #instance: Instance | undefined

  constructor(
    readonly compiled: WebAssembly.Module,
    readonly settings: Uint8Array,
    readonly bundle: Uint8Array,
  ) {}

  // start makes the first instance, so that faulty settings or a faulty bundle
  // are an Error here.
  start(): void {
    this.#instance ??= new Instance(this.compiled, this.settings, this.bundle)
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
