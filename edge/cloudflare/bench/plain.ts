// The plain-JavaScript collector in Node, with validators that Ajv compiles at
// once, or writes down for a Worker, which may not compile code.

import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import Ajv from "ajv-draft-04"
import standaloneCode from "ajv/dist/standalone/index.js"
import addFormats from "ajv-formats"
import { Collector, type Validate } from "./collect"
import type { Parameters } from "./envelope"

const SNOWPLOW = "com.snowplowanalytics.snowplow"

const schemas = [
  `${SNOWPLOW}/payload_data/jsonschema/1-0-4`,
  `${SNOWPLOW}/unstruct_event/jsonschema/1-0-0`,
  `${SNOWPLOW}/contexts/jsonschema/1-0-0`,
  `${SNOWPLOW}/web_page/jsonschema/1-0-0`,
  "com.example/product/jsonschema/1-0-0",
  "com.example/product_view/jsonschema/1-0-0",
  "com.example/add_to_cart/jsonschema/1-0-0",
]

// Plain judges bodies against the schemas below `folder`.
export class Plain extends Collector {
  constructor(folder: string) {
    super(
      new Map(Object.entries(sources(folder)).map(([key, code]) => {
        const module = { exports: {} as Validate }
        new Function("module", "exports", "require", code)(module, module.exports, createRequire(import.meta.url))
        return [key, module.exports]
      })),
      md5,
    )
  }
}

// sources returns the CommonJS module of each schema's validator.
export function sources(folder: string): Record<string, string> {
  // Iglu schemas carry members that are no keywords, classes such as
  // [a-z-_] that only a pattern without the u flag accepts, and cents that
  // are no multiple of 0.01 in binary.
  const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false, multipleOfPrecision: 6, code: { source: true } })
  addFormats.default(ajv)
  return Object.fromEntries(schemas.map((key) => {
    const schema = JSON.parse(readFileSync(`${folder}/${key}`, "utf8"))
    delete schema.$schema
    return [`iglu:${key}`, standaloneCode.default(ajv as never, ajv.compile(schema) as never)]
  }))
}

function md5(event: Parameters): string {
  const hash = createHash("md5")
  for (const name of Object.keys(event).sort()) if (name !== "eid" && name !== "stm") hash.update(`${name}\x1f${event[name]}\x1f`)
  return hash.digest("hex")
}
