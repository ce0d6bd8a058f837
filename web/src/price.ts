// What a lender's table asks of a proof, and what it would ask of the best one that its owner could make.
//
// The whole table is read: to ask it for the most that can be proved would tell whoever runs the endpoint.

import type { Address, Client } from "viem";
import { readContract } from "viem/actions";
import { decimalsOf } from "./coin";
import { POOL, WIDTH_NOT_SHOWN } from "./contracts";

const [THIN, DISPUTED] = [2, 128];
const [TAKES_FULL, TAKES_THIN, TAKES_DISPUTED] = [1, 2, 4];

export interface Price {
  /** Those of the coin that this lender lends. */
  decimals: number;
  yearlyRateBps: number;
  /** What else a borrower agrees to: basis points of an overdue amount, seconds of grace and of cooling-off. */
  terms: { lateFeeBps: number; grace: number; coolingOff: number };
  /** The cheapest row that a higher proof opens, and its rate; null: none is cheaper. */
  better: { atLeast: number; yearlyRateBps: number } | null;
}

/** The price of a proof; the contract's own refusal (NoRowFits) where the lender takes none of the kind. */
export async function priceOf(chain: Client, pool: Address, status: number, shown: number, most: number): Promise<Price> {
  const [[, row], [, rows], terms, decimals] = await Promise.all([
    readContract(chain, { address: pool, abi: POOL, functionName: "rowFor", args: [status, shown, WIDTH_NOT_SHOWN] }),
    readContract(chain, { address: pool, abi: POOL, functionName: "table" }),
    readContract(chain, { address: pool, abi: POOL, functionName: "terms" }),
    readContract(chain, { address: pool, abi: POOL, functionName: "asset" }).then((coin) => decimalsOf(chain, coin)),
  ]);
  const kind = (status & ~DISPUTED) === THIN ? TAKES_THIN : TAKES_FULL;
  const needed = status & DISPUTED ? kind | TAKES_DISPUTED : kind;
  const first = rows.find((each) => each.atLeast <= most && each.maxWidth === 0 && (each.statuses & needed) === needed);
  const isCheaper = first !== undefined && first.yearlyRateBps < row.yearlyRateBps;
  return { decimals, yearlyRateBps: row.yearlyRateBps, terms, better: isCheaper ? first : null };
}
