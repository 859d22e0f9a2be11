// Serves the contenders from workerd, whose modules are the files.
import compiled from "engine.wasm"
import { Sides } from "./sides.mjs"
import { parts } from "./parts.mjs"

let sides

export default {
  async fetch(request) {
    try {
      sides ??= new Sides(compiled, (name) => new Uint8Array(parts[name]))
      return new Response(sides.answer(new URL(request.url).pathname))
    } catch (fault) {
      return new Response(String(fault.stack), { status: 500 })
    }
  },
}
