import { atLeastArgs, CreditService, refusalOf, termLoans } from "@credit-oracle/lender";
import type { Account, Address, Chain, PublicClient, TransactionReceipt, Transport, WalletClient } from "viem";

const DRAW = { principal: 100_000_000n, interval: 30 * 86_400, instalments: 1, guarantors: [] } as const; // 100 dollars, 30 days

/** The wallet's owner signs in, proves "at least 650", and borrows; an Error says which rule of the lender's refused. */
export async function borrow(
  service: CreditService,
  client: PublicClient,
  wallet: WalletClient<Transport, Chain, Account>,
  loans: Address,
  pool: Address,
): Promise<TransactionReceipt> {
  const { account, chain } = wallet;
  await service.signIn({ address: account.address, signMessage: (text) => wallet.signMessage(text) }, chain.id);
  const proof = atLeastArgs(await service.atLeast(650));
  try {
    const call = { address: loans, abi: termLoans, functionName: "borrow", args: [pool, DRAW, proof] } as const;
    const { request } = await client.simulateContract({ account, ...call });
    return await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  } catch (error) {
    const refusal = refusalOf(error);
    throw refusal ? new Error(`${refusal.name}(${refusal.args.join(", ")})`, { cause: error }) : error;
  }
}
