// The same job in plain JavaScript: TextDecoder, JSON.parse, and Ajv's
// standalone validators (a Worker may not compile code) with all errors.

import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import Ajv from "ajv-draft-04"
import standaloneCode from "ajv/dist/standalone/index.js"
import addFormats from "ajv-formats"
import { row } from "./envelope"

type Validate = ((data: unknown) => boolean) & { errors?: unknown[] | null }

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
export class Plain {
  readonly #validators = new Map<string, Validate>()

  constructor(folder: string) {
    // Iglu schemas carry members that are no keywords, classes such as
    // [a-z-_] that only a pattern without the u flag accepts, and cents that
    // are no multiple of 0.01 in binary.
    const ajv = new Ajv.default({ allErrors: true, strict: false, unicodeRegExp: false, multipleOfPrecision: 6, code: { source: true } })
    addFormats.default(ajv)
    for (const key of schemas) {
      const schema = JSON.parse(readFileSync(`${folder}/${key}`, "utf8"))
      delete schema.$schema
      const code = standaloneCode.default(ajv as never, ajv.compile(schema) as never)
      const module = { exports: {} as Validate }
      new Function("module", "exports", "require", code)(module, module.exports, createRequire(import.meta.url))
      this.#validators.set(`iglu:${key}`, module.exports)
    }
  }

  // judge returns how many faults the events of a body have, and passes each
  // event with its parsed parts to `use`.
  judge(body: Uint8Array, use?: (event: Record<string, string>, unstruct: unknown, contexts: unknown) => void): number {
    const payload = JSON.parse(new TextDecoder().decode(body))
    let faults = this.#faults(payload)
    for (const event of payload.data) {
      let unstruct, contexts
      if (event.ue_pr !== undefined) {
        unstruct = JSON.parse(event.ue_pr)
        faults += this.#faults(unstruct) + this.#faults(unstruct.data)
      }
      if (event.co !== undefined) {
        contexts = JSON.parse(event.co)
        faults += this.#faults(contexts)
        for (const entity of contexts.data) faults += this.#faults(entity)
      }
      use?.(event, unstruct?.data, contexts?.data)
    }
    return faults
  }

  // collect judges a body and writes its batch.
  collect(body: Uint8Array, address: string, useragent: string): Uint8Array {
    const lines: string[] = []
    const faults = this.judge(body, (event, unstruct, contexts) => {
      lines.push(JSON.stringify(row(event, unstruct, contexts, address, useragent)))
    })
    lines.unshift(JSON.stringify({ weir_batch: 1, id: randomUUID(), events: lines.length, failed: faults }))
    return new TextEncoder().encode(lines.join("\n") + "\n")
  }

  #faults({ schema, data }: { schema: string; data: unknown }): number {
    const validate = this.#validators.get(schema)
    if (!validate) return 1
    return validate(data) ? 0 : validate.errors!.length
  }
}
