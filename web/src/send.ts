// A transaction of the person's own wallet: simulated first, so that a refusal costs nothing and names its reason.

import { BaseError, ContractFunctionRevertedError, defineChain, type Abi, type Address, type Hex } from "viem";
import { getChainId, simulateContract, waitForTransactionReceipt, writeContract } from "viem/actions";
import type { Operator } from "./api";
import { say } from "./language.svelte";
import { session } from "./session.svelte";
import { isDeclined } from "./wallet";
import { WORDS } from "./words";

/** Why nothing happened, in one sentence for the person. */
export class Refused extends Error {}

interface Call {
  address: Address;
  abi: Abi;
  functionName: string;
  args?: readonly unknown[];
}

/** The hash of the mined transaction; Refused when the person, the wallet's chain or the contract says no. */
export async function send(operator: Operator, call: Call): Promise<Hex> {
  const wallet = session.wallet!;
  const at = await getChainId(wallet);
  if (at !== operator.chainId) throw new Refused(say(WORDS.wrongChain, { x: at, y: operator.chainId }));
  const chain = defineChain({
    id: operator.chainId,
    name: `chain ${operator.chainId}`,
    nativeCurrency: { name: "coin", symbol: "coin", decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  try {
    await simulateContract(wallet, call);
    const hash = await writeContract(wallet, { ...call, chain });
    const receipt = await waitForTransactionReceipt(wallet, { hash });
    if (receipt.status !== "success") throw new Refused(say(WORDS.refused, { why: hash }));
    return hash;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(sentence(error));
  }
}

function sentence(error: unknown): string {
  if (isDeclined(error)) return say(WORDS.declined);
  if (!(error instanceof BaseError)) return String(error);
  const reverted = error.walk((each) => each instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError) {
    const { data, signature } = reverted;
    const why = data ? `${data.errorName}(${(data.args ?? []).join(", ")})` : (signature ?? reverted.shortMessage);
    return say(WORDS.refused, { why });
  }
  return error.shortMessage;
}
