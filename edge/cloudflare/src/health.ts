// What the cron trigger says of the edge: one line of the log.

import type { Ladder } from "./ladder"
import type { Spill } from "./queue"

const PATIENCE = 5000 // milliseconds that a host may take

// report logs whether each host would take a batch and how much the queue
// holds, as an error if something is wrong.
export async function report({ forwarder, queue }: Ladder): Promise<void> {
  const hosts = Object.fromEntries(await Promise.all(forwarder.bases.map(async (base) => [new URL(base).host, await ready(base)])))
  const line = JSON.stringify({ weir: "health", hosts, queue: queue && (await backlog(queue)) })
  if (Object.values(hosts).every((state) => state === "ready")) console.log(line)
  else console.error(line)
}

async function ready(base: string): Promise<string> {
  try {
    const response = await fetch(base + "/readyz", { redirect: "manual", signal: AbortSignal.timeout(PATIENCE) })
    void response.body?.cancel()
    return response.status === 200 ? "ready" : `answers ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function backlog({ queue }: Spill): Promise<object | string> {
  try {
    const { backlogCount, backlogBytes, oldestMessageTimestamp } = await queue.metrics()
    const oldest = oldestMessageTimestamp?.getTime()
    return { messages: backlogCount, bytes: backlogBytes, oldest_seconds: oldest ? Math.round((Date.now() - oldest) / 1000) : 0 }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
