// Writes what the Worker in plain JavaScript and the load on it are made of:
// build/validators/, a module of Ajv's for each schema, and build/bodies.ndjson.

import { mkdirSync, writeFileSync } from "node:fs"
import { sources } from "./plain"
import { bodies } from "./traffic"

const root = new URL("../../../", import.meta.url).pathname
const build = `${root}edge/cloudflare/build`

mkdirSync(`${build}/validators`, { recursive: true })
const index = Object.entries(sources(`${root}schemas`)).map(([key, code], n) => {
  writeFileSync(`${build}/validators/${n}.cjs`, code)
  return `  [${JSON.stringify(key)}, require("./${n}.cjs")],\n`
})
writeFileSync(`${build}/validators/index.cjs`, `module.exports = new Map([\n${index.join("")}])\n`)
const text = new TextDecoder()
writeFileSync(`${build}/bodies.ndjson`, bodies(1).map((body) => text.decode(body) + "\n").join(""))
