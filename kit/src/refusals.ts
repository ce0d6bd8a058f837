// Why a contract refused, by the name of its error: docs/lenders.md says of each what to do.

import { BaseError, ContractFunctionRevertedError } from "viem";

export interface Refusal {
  /** The custom error, as `NotCurrentEpoch`. */
  name: string;
  /** What it carries, in the order of its declaration. */
  args: readonly unknown[];
}

/** The custom error behind an error of viem's; undefined when it is something else, as a node that did not answer. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (!(error instanceof BaseError)) return undefined;
  const reverted = error.walk((each) => each instanceof ContractFunctionRevertedError);
  if (!(reverted instanceof ContractFunctionRevertedError) || !reverted.data) return undefined;
  return { name: reverted.data.errorName, args: reverted.data.args ?? [] };
}
