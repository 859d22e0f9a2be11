// The same job in plain JavaScript, in Node as in a Worker: TextDecoder,
// JSON.parse, and validators that Ajv wrote, with all errors.

import { row, type Fingerprint } from "./envelope"

export type Validate = ((data: unknown) => boolean) & { errors?: unknown[] | null }

// Collector judges bodies by the validators of their schemas. Without a
// fingerprint it leaves that column out.
export class Collector {
  constructor(
    readonly validators: Map<string, Validate>,
    readonly fingerprint?: Fingerprint,
  ) {}

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
      lines.push(JSON.stringify(row(event, unstruct, contexts, address, useragent, this.fingerprint)))
    })
    lines.unshift(JSON.stringify({ weir_batch: 1, id: crypto.randomUUID(), events: lines.length, failed: faults }))
    return new TextEncoder().encode(lines.join("\n") + "\n")
  }

  #faults({ schema, data }: { schema: string; data: unknown }): number {
    const validate = this.validators.get(schema)
    if (!validate) return 1
    return validate(data) ? 0 : validate.errors!.length
  }
}
