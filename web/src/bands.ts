// The five bands of the ruler. Edges are multiples of 10, so that a proof can prove a band.

import type { Pair } from "./language.svelte";

export interface Band {
  from: number;
  to: number;
  name: Pair;
}

export const LOWEST = 300;
export const HIGHEST = 850;

export const BANDS: readonly Band[] = [
  { from: 300, to: 499, name: ["needs work", "待改善"] },
  { from: 500, to: 599, name: ["building", "积累中"] },
  { from: 600, to: 679, name: ["steady", "平稳"] },
  { from: 680, to: 749, name: ["strong", "良好"] },
  { from: 750, to: 850, name: ["very strong", "优秀"] },
];

export function bandOf(score: number): Band {
  return BANDS.find((band) => score <= band.to) ?? BANDS[BANDS.length - 1]!;
}

/** Where a score lies on the ruler, in percent of its width. */
export function place(score: number): number {
  return ((Math.min(HIGHEST, Math.max(LOWEST, score)) - LOWEST) / (HIGHEST - LOWEST)) * 100;
}
