// The ladder of a batch: hosts in order of preference, the queue, and then the
// refusal that makes its tracker keep it.

import { Fate, type Forwarder } from "./forward"
import { Ack } from "./frame"
import type { Spill } from "./queue"

// How long one host may take and all rungs together, in milliseconds. A tracker
// gives up after five seconds.
const PATIENCE = 2000
const DEADLINE = 4000
// What the hosts leave of it to the queue, if there is one.
const QUEUE_SHARE = 1000

// What follows an answer is cancelled after 30 seconds; no round begins that could end later.
const LAST_ROUND = 24_000

// Ladder delivers batches. Without a queue it is a rung shorter.
export class Ladder {
  constructor(readonly forwarder: Forwarder, readonly queue: Spill | undefined) {}

  // deliver reports whether the batch is held as durably as ack asks, within
  // the time that a tracker waits.
  async deliver(id: string, batch: Uint8Array, ack: Ack): Promise<boolean> {
    const end = Date.now() + DEADLINE
    // A queue cannot know what sinks have confirmed.
    const queue = ack === Ack.Delivered ? undefined : this.queue
    if (ack === Ack.Queued && (await queue?.send(id, batch, PATIENCE))) return true

    const signed = await this.forwarder.sign(id, batch)
    const { awake, resting } = this.forwarder.hosts()
    const spare = queue && ack !== Ack.Queued ? QUEUE_SHARE : 0
    if ((await this.forwarder.post(awake, signed, PATIENCE, end - spare)) === Fate.Taken) return true
    if (spare > 0 && (await queue?.send(id, batch, end - Date.now()))) return true
    return (await this.forwarder.post(resting, signed, PATIENCE, end)) === Fate.Taken
  }

  // linger delivers a batch whose tracker has its answer already: round after
  // round, for as long as the platform lets it.
  async linger(id: string, batch: Uint8Array): Promise<void> {
    const began = Date.now()
    for (let pause = 1000; ; pause *= 2) {
      if (await this.deliver(id, batch, Ack.Fast)) return
      if (Date.now() - began + pause > LAST_ROUND) break
      await scheduler.wait(pause)
    }
    console.error(`weir: batch ${id} is lost: its ack is fast and nobody took it in time`)
  }
}
