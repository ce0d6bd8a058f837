import { atLeastArgs, CreditService, loanPool, refusalOf, termLoans } from "@credit-oracle/lender";
import type { Account, Address, Chain, PublicClient, TransactionReceipt, Transport, WalletClient } from "viem";

const ASKED = [100_000_000n, 30 * 86_400, 1] as const; // 100 dollars for 30 days, in one instalment
const WIDTH_NOT_SHOWN = 65_535;

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
    const shown = [proof.status, proof.threshold, WIDTH_NOT_SHOWN] as const;
    const [, row] = await client.readContract({ address: pool, abi: loanPool, functionName: "rowFor", args: shown });
    const price = [pool, ...ASKED, row.yearlyRateBps] as const;
    const worst = await client.readContract({ address: loans, abi: termLoans, functionName: "quote", args: price });
    // Show `worst` here: what is owed, the late fee, the times. The contract lends on nothing worse than the person has seen.
    const [principal, interval, instalments] = ASKED;
    const draw = { principal, interval, instalments, worst, guarantors: [] } as const;
    const call = { address: loans, abi: termLoans, functionName: "borrow", args: [pool, draw, proof] } as const;
    const { request } = await client.simulateContract({ account, ...call });
    return await client.waitForTransactionReceipt({ hash: await wallet.writeContract(request) });
  } catch (error) {
    const refusal = refusalOf(error);
    throw refusal ? new Error(`${refusal.name}(${refusal.args.join(", ")})`, { cause: error }) : error;
  }
}
