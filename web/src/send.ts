// A transaction of the person's own wallet: simulated first, so that a refusal costs nothing and names its reason.

import { BaseError, ContractFunctionRevertedError, defineChain, InsufficientFundsError, type Abi, type Address, type TransactionReceipt } from "viem";
import { getChainId, simulateContract, switchChain, waitForTransactionReceipt, writeContract } from "viem/actions";
import type { Operator } from "./api";
import { say, short } from "./language.svelte";
import { refusal } from "./refusals";
import { isDeclined, type Wallet } from "./wallet";
import { WORDS } from "./words";

/** Why nothing happened, in one sentence for the person. */
export class Refused extends Error {}

/** Where it stands, for the person who waits. */
export type Tell = (sentence: string) => void;

export interface Call {
  address: Address;
  abi: Abi;
  functionName: string;
  args?: readonly unknown[];
  /** Those of the coin that is lent, where a refusal can name amounts of it. */
  decimals?: number;
}

/** The receipt of the mined transaction; Refused when the person, the wallet's chain or the contract says no. */
export async function send(wallet: Wallet, operator: Operator, { decimals, ...call }: Call, tell: Tell = () => {}): Promise<TransactionReceipt> {
  await onChain(wallet, operator.chainId);
  const chain = defineChain({
    id: operator.chainId,
    name: `chain ${operator.chainId}`,
    nativeCurrency: { name: "coin", symbol: "coin", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  try {
    await simulateContract(wallet, call);
    tell(say(WORDS.confirmThere));
    const hash = await writeContract(wallet, { ...call, chain });
    tell(say(WORDS.waiting, { tx: short(hash) }));
    const receipt = await waitForTransactionReceipt(wallet, { hash });
    if (receipt.status !== "success") throw new Refused(say(WORDS.refused, { why: hash }));
    return receipt;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(why(error, decimals));
  }
}

/** What a reverted call says of itself, any other failure in its own words. */
export function why(error: unknown, decimals?: number): string {
  if (isDeclined(error)) return say(WORDS.declined);
  if (!(error instanceof BaseError)) return String(error);
  if (error.walk((each) => each instanceof InsufficientFundsError)) return say(WORDS.noFee);
  const reverted = error.walk((each) => each instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError)) return error.shortMessage;
  const { data, signature } = reverted;
  return data ? refusal(data.errorName, data.args ?? [], decimals) : say(WORDS.refused, { why: signature ?? reverted.shortMessage });
}

async function onChain(wallet: Wallet, wanted: number): Promise<void> {
  const at = await getChainId(wallet);
  if (at === wanted) return;
  await switchChain(wallet, { id: wanted }).catch(() => {
    throw new Refused(say(WORDS.wrongChain, { x: at, y: wanted }));
  });
}
