// Serves the contenders from Node: the port goes to standard output.
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { Sides } from "./sides.mjs"

const folder = process.argv[2]
const part = (name) => new Uint8Array(readFileSync(`${folder}/${name}`))
const sides = new Sides(new WebAssembly.Module(part("engine.wasm")), part)

const server = createServer((request, response) => {
  try {
    response.end(sides.answer(request.url))
  } catch (fault) {
    response.statusCode = 500
    response.end(String(fault.stack))
  }
})
server.listen(0, "127.0.0.1", () => console.log(server.address().port))
process.stdin.on("close", () => process.exit()).resume() // with the parent
