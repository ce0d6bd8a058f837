// The loans that a person has open, as the loan contract tells of them now, and the calls that pay them.
//
// Amounts are raw units of the loan's own coin (coin.ts). Times are seconds of the chain.

import type { Address, Client } from "viem";
import { getBlock, readContract } from "viem/actions";
import type { Operator } from "./api";
import { decimalsOf, dollars } from "./coin";
import { COIN, LOANS, POOL, STANDING } from "./contracts";
import { say } from "./language.svelte";
import { send, type Tell } from "./send";
import type { Wallet } from "./wallet";
import { WORDS } from "./words";

export interface Loan {
  id: bigint;
  lender: string;
  coin: Address;
  decimals: number;
  principal: bigint;
  owed: bigint;
  fees: bigint;
  dueTime: number;
  dueAmount: bigint;
  /** Until when it can be given back; null: not any more. */
  cancelUntil: number | null;
  isOverdue: boolean;
  /** What giving it back takes. */
  giveBack: bigint;
  /** What the wallet holds of the coin. */
  balance: bigint;
}

/** All open loans of a wallet, the one that is due first before the others. */
export async function openLoans(chain: Client, operator: Operator, account: Address): Promise<Loan[]> {
  const book = { address: operator.loans as Address, abi: LOANS } as const;
  const [ids, { timestamp }] = await Promise.all([
    readContract(chain, { ...book, functionName: "openLoansOf", args: [account] }),
    getBlock(chain),
  ]);
  const now = Number(timestamp);
  const loans = await Promise.all(ids.map((id) => loanOf(chain, book, id, account, now)));
  return loans.sort((one, other) => one.dueTime - other.dueTime || Number(one.id - other.id));
}

async function loanOf(chain: Client, book: { address: Address; abi: typeof LOANS }, id: bigint, account: Address, now: number): Promise<Loan> {
  const [loan, [dueTime, dueAmount]] = await Promise.all([
    readContract(chain, { ...book, functionName: "loanOf", args: [id] }),
    readContract(chain, { ...book, functionName: "nextDueOf", args: [id] }),
  ]);
  const pool = { address: loan.pool, abi: POOL } as const;
  const [lender, coin] = await Promise.all([
    readContract(chain, { ...pool, functionName: "name" }),
    readContract(chain, { ...pool, functionName: "asset" }),
  ]);
  const [decimals, balance] = await Promise.all([
    decimalsOf(chain, coin),
    readContract(chain, { address: coin, abi: COIN, functionName: "balanceOf", args: [account] }),
  ]);
  const paid = loan.owed + loan.fees - loan.outstanding;
  const until = loan.start + loan.coolingOff;
  return {
    id,
    lender,
    coin,
    decimals,
    principal: loan.principal,
    owed: loan.outstanding,
    fees: loan.fees,
    dueTime: Number(dueTime),
    dueAmount,
    cancelUntil: STANDING.includes(loan.state) && now < until ? until : null,
    isOverdue: now > Number(dueTime),
    giveBack: paid < loan.principal ? loan.principal - paid : 0n,
    balance,
  };
}

/** Pay, having let the contract take exactly so much; what came of it in one sentence. */
export async function repay(wallet: Wallet, operator: Operator, loan: Loan, amount: bigint, tell: Tell): Promise<string> {
  await allow(wallet, operator, loan, amount, tell);
  await send(wallet, operator, { address: operator.loans as Address, abi: LOANS, functionName: "repay", args: [loan.id, amount], decimals: loan.decimals }, tell);
  const left = loan.owed - amount;
  const shown = { paid: dollars(amount, loan.decimals), id: loan.id.toString(), left: dollars(left, loan.decimals) };
  return say(left > 0n ? WORDS.paidPart : WORDS.paidWhole, shown);
}

/** Give the principal back within the cooling-off; what came of it in one sentence. */
export async function cancel(wallet: Wallet, operator: Operator, loan: Loan, tell: Tell): Promise<string> {
  await allow(wallet, operator, loan, loan.giveBack, tell);
  await send(wallet, operator, { address: operator.loans as Address, abi: LOANS, functionName: "cancel", args: [loan.id], decimals: loan.decimals }, tell);
  return say(WORDS.gaveBack, { paid: dollars(loan.giveBack, loan.decimals), id: loan.id.toString() });
}

async function allow(wallet: Wallet, operator: Operator, { coin, decimals }: Loan, amount: bigint, tell: Tell): Promise<void> {
  const spender = operator.loans as Address;
  const given = await readContract(wallet, { address: coin, abi: COIN, functionName: "allowance", args: [wallet.account.address, spender] });
  if (given >= amount) return;
  const step: Tell = (sentence) => tell(say(WORDS.firstOfTwo, { sentence }));
  await send(wallet, operator, { address: coin, abi: COIN, functionName: "approve", args: [spender, amount], decimals }, step);
}
