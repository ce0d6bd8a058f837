// Proofs, from the service's JSON to the arguments of a contract call.

import type { Hex } from "viem";
import type { components } from "./schema.js";

type Shapes = components["schemas"];

/** ICreditOracle.AtLeastProof, as viem encodes it. */
export function atLeastArgs(proof: Shapes["AtLeastProof"]) {
  return {
    epoch: BigInt(proof.epoch),
    status: proof.status,
    threshold: proof.threshold,
    opening: proof.opening as Hex,
    rung: proof.rung as Hex,
    path: proof.path as Hex[],
  };
}

/** ICreditOracle.ScoreProof, as viem encodes it. */
export function scoreArgs(proof: Shapes["ScoreProof"]) {
  return {
    epoch: BigInt(proof.epoch),
    status: proof.status,
    score: proof.score,
    width: proof.width,
    salt: proof.salt as Hex,
    detail: proof.detail as Hex,
    top: proof.top as Hex,
    path: proof.path as Hex[],
  };
}
