// Amounts of a loan's coin. One coin is one dollar, of 2 to 18 decimals, as the loan contract lists no others.

import { formatUnits, parseUnits, type Address, type Client } from "viem";
import { readContract } from "viem/actions";
import { COIN } from "./contracts";
import { money } from "./language.svelte";

const CENT_DECIMALS = 2;

/** How many decimals a coin says that it has. */
export const decimalsOf = (chain: Client, coin: Address) => readContract(chain, { address: coin, abi: COIN, functionName: "decimals" });

/** Units of one cent. */
const cent = (decimals: number) => 10n ** BigInt(decimals - CENT_DECIMALS);

/** Whole cents as units. */
export const unitsOf = (cents: number, decimals: number) => BigInt(cents) * cent(decimals);

/** Units as cents; a part of a cent is a cent. */
const centsUp = (units: bigint, decimals: number) => (units + cent(decimals) - 1n) / cent(decimals);

/** What is owed, in dollars and cents; a part of a cent is a cent. */
export const dollars = (units: bigint, decimals: number) => money(Number(centsUp(units, decimals)));

/** What is there to be taken, in dollars and cents; a part of a cent is nothing. */
export const dollarsDown = (units: bigint, decimals: number) => money(Number(units / cent(decimals)));

/** What a person typed, as units; null when it is no amount above zero. */
export function typed(text: string, decimals: number): bigint | null {
  if (!/^\d{1,12}(\.\d{1,2})?$/.test(text.trim())) return null;
  const units = parseUnits(text.trim(), decimals);
  return units > 0n ? units : null;
}

/** Units as a person types them: the whole sum in dollars and cents, the last cent rounded up. */
export const typable = (units: bigint, decimals: number) => formatUnits(centsUp(units, decimals), CENT_DECIMALS);
