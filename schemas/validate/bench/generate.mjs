// Writes validators.mjs: Ajv's standalone code, with all errors, for each
// schema in the folder. Iglu schemas hold members that are no keywords, and
// classes such as [a-z-_] that only a pattern without the u flag accepts.
import { readFileSync, readdirSync, writeFileSync } from "node:fs"
import Ajv from "ajv-draft-04"
import standaloneCode from "ajv/dist/standalone/index.js"
import addFormats from "ajv-formats"

const folder = process.argv[2]
const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false, code: { source: true, esm: true } })
addFormats.default(ajv)
const ids = {}
for (const file of readdirSync(folder)) {
  if (!file.endsWith(".schema.json")) continue
  const schema = JSON.parse(readFileSync(`${folder}/${file}`, "utf8"), (key, value) => {
    if (value !== null && typeof value === "object") delete value.$schema // Iglu's own, and draft 4 for all
    return value
  })
  const name = file.slice(0, -".schema.json".length)
  ajv.addSchema(schema, name)
  ids[name] = name
}
writeFileSync(`${folder}/validators.mjs`, standaloneCode.default(ajv, ids))
