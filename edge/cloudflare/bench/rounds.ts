// Measures contenders in alternating rounds, in one process.

import { readFileSync } from "node:fs"

export const ROUNDS = 41

export const root = new URL("../../../", import.meta.url).pathname
export const built = (name: string) => new Uint8Array(readFileSync(`${root}edge/cloudflare/build/${name}`))

// time returns the nanoseconds that one call took on average over all variants.
export function time(calls: (() => unknown)[], repeats: number): number {
  const began = process.hrtime.bigint()
  for (let i = 0; i < repeats; i++) for (const call of calls) call()
  return Number(process.hrtime.bigint() - began) / (repeats * calls.length)
}

// alternate returns the times of each side, by round. The first rounds, in which
// engines compile, do not count.
export function alternate(sides: (() => unknown)[][], repeats: number): number[][] {
  const times: number[][] = sides.map(() => [])
  for (const calls of sides) time(calls, 4 * repeats)
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, calls] of sides.entries()) times[i]!.push(time(calls, repeats))
  }
  return times
}

export const median = (xs: number[]) => xs.toSorted((a, b) => a - b)[xs.length >> 1]!
