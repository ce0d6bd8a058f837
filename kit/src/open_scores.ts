// Scores that their borrowers opened to everyone, through OpenScores.
//
// Any client of EIP-3668 reads `scoreOf` by itself, and then asks where the contract says. Rule that holds here: this one asks
// the service that you chose, and nobody else; the contract checks the answer all the same.

import { encodeAbiParameters, encodeFunctionData, parseAbi, type Address, type PublicClient } from "viem";
import { openScores } from "./abi.js";
import type { CreditService } from "./service.js";

const GATEWAY = parseAbi(["function openProof(address borrower)"]);

export interface OpenScore {
  score: number;
  /** Half of the 90 % interval. */
  width: number;
  /** 1 full record, 2 short record; plus 128 while a fact is disputed. */
  status: number;
  epoch: bigint;
  snapshotTime: bigint;
}

/**
 * The open score of a borrower from a snapshot at most `maxAge` seconds old. A Problem (403) for whoever did not open a score, known or
 * not; the contract's refusal when what the service said proves nothing.
 */
export async function openScore(
  client: PublicClient,
  service: CreditService,
  contract: Address,
  borrower: Address,
  maxAge: bigint,
): Promise<OpenScore> {
  const asked = encodeFunctionData({ abi: GATEWAY, functionName: "openProof", args: [borrower] });
  const response = await service.gateway(contract, asked);
  const extraData = encodeAbiParameters([{ type: "address" }, { type: "uint64" }], [borrower, maxAge]);
  const [score, width, status, epoch, snapshotTime] = await client.readContract({
    address: contract,
    abi: openScores,
    functionName: "answered",
    args: [response, extraData],
  });
  return { score, width, status, epoch, snapshotTime };
}
