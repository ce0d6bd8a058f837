// Which facts a person disputes now, as the contract of disputes says; the service knows only the words.

import type { Address, Client, Hex } from "viem";
import { readContract } from "viem/actions";
import type { Dispute, Fact, Operator } from "./api";
import { DISPUTES } from "./contracts";

/** The ids of facts in open dispute, of those that the record or the kept words name. */
export async function openDisputes(chain: Client, operator: Operator, account: Address, facts: Fact[], kept: Dispute[]): Promise<Set<string>> {
  const named = new Set([...kept, ...facts.filter((each) => each.disputed)].map((each) => each.factId));
  const address = operator.disputes as Address;
  const isOpen = async (factId: string) => {
    const args = [account, factId as Hex] as const;
    return (await readContract(chain, { address, abi: DISPUTES, functionName: "disputeOf", args }))[0];
  };
  const found = await Promise.all([...named].map(async (factId) => ((await isOpen(factId)) ? [factId] : [])));
  return new Set(found.flat());
}
