// The contenders that run on V8, in Node or workerd: the engine's module, Ajv,
// and the parser alone. Each does the whole job on bytes: a verdict and the
// list of faults, or for the parser a tree.
//
//   new Sides(engine, part).run(payload, side, n) → what it found, as text
//
// part(name) returns a file that goals_test.go wrote: a payload's .bundle and
// its documents, one a line, as .docs.

import * as validators from "./validators.mjs"

const KEY = "urn:weir:test"
const PAGE = 65536

// What the module imports: nothing may be written, and nothing random is needed.
const wasi = {
  fd_write() { throw new Error("the engine prints") },
  fd_close: () => 8,
  fd_seek: () => 8,
  random_get: () => 0,
}

class Engine {
  constructor(compiled) {
    this.instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: wasi })
    this.exports = this.instance.exports
    this.exports._initialize()
    this.room(1 << 14)
  }

  // room moves the buffer to where n bytes fit.
  room(n) {
    this.size = n
    this.at = this.exports.buffer(n)
    this.memory = new Uint8Array(this.exports.memory.buffer)
  }

  write(bytes) {
    if (bytes.length > this.size) this.room(bytes.length)
    if (this.memory.byteLength === 0) this.memory = new Uint8Array(this.exports.memory.buffer) // grown
    this.memory.set(bytes, this.at)
    return bytes.length
  }

  open(bundle) {
    if (!this.exports.load(this.write(bundle))) throw new Error("the bundle does not open")
    return this
  }

  choose(key) {
    if (!this.exports.choose(this.write(new TextEncoder().encode(key)))) throw new Error(`the bundle lacks ${key}`)
    return this
  }

  check(doc) { return this.exports.check(0, this.write(doc), 1) }
}

export class Sides {
  constructor(compiled, part) {
    this.compiled = compiled
    this.part = part
    this.payloads = new Map()
  }

  payload(name) {
    let p = this.payloads.get(name)
    if (!p) {
      const text = this.part(`${name}.docs`)
      const docs = []
      for (let from = 0; from < text.length;) {
        const to = text.indexOf(10, from)
        docs.push(text.slice(from, to))
        from = to + 1
      }
      p = { docs, engine: new Engine(this.compiled).open(this.part(`${name}.bundle`)).choose(KEY), ajv: validators[name] }
      this.payloads.set(name, p)
    }
    return p
  }

  // run does something n times and returns the faults found in all, for grown
  // the pages of memory that it took, or for instance the nanoseconds of a start.
  run(name, side, n) {
    switch (side) {
      case "instance": {
        // Not the mean: of thousands, some wait for the collector to take the others.
        const took = []
        for (let i = 0; i < n; i++) {
          const start = performance.now()
          new Engine(this.compiled)
          took.push(performance.now() - start)
        }
        return took.sort((a, b) => a - b)[n >> 1] * 1e6
      }
      case "open": {
        const bundle = this.part(`${name}.bundle`)
        const engine = new Engine(this.compiled)
        engine.write(bundle)
        for (let i = 0; i < n; i++) if (!engine.exports.load(bundle.length)) throw new Error("the bundle does not open")
        return n
      }
    }
    const { docs, engine, ajv } = this.payload(name)
    const decoder = new TextDecoder()
    const judge = {
      engine: (doc) => engine.check(doc),
      grown: (doc) => engine.check(doc),
      ajv: (doc) => (ajv(JSON.parse(decoder.decode(doc))) ? 0 : ajv.errors.length),
      parse: (doc) => (JSON.parse(decoder.decode(doc)) === undefined ? 1 : 0),
    }[side]
    const size = engine.exports.memory.buffer.byteLength
    let found = 0
    for (let i = 0, k = 0; i < n; i++, k = k + 1 === docs.length ? 0 : k + 1) found += judge(docs[k])
    return side === "grown" ? (engine.exports.memory.buffer.byteLength - size) / PAGE : found
  }

  // answer serves /payload/side/n.
  answer(path) {
    const [, name, side, n] = path.split("/")
    return n === "0" ? "0" : String(this.run(name, side, Number(n)))
  }
}
