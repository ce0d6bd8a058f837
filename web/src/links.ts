// Which wallets count as one person, and what links them: the other wallet's word, brought by this one's transaction.

import { getAddress, isAddressEqual, type Address, type Client, type Hex } from "viem";
import { getBlock, readContract, signTypedData } from "viem/actions";
import type { Operator } from "./api";
import { LINKS } from "./contracts";
import type { Wallet } from "./wallet";

const HOUR = 3_600;

const LINK = [
  { name: "wallet", type: "address" },
  { name: "with", type: "address" },
  { name: "nonce", type: "uint256" },
  { name: "deadline", type: "uint64" },
] as const;

export interface Linked {
  address: Address;
  /** From when on it is out; 0: it stays. */
  leavesAt: number;
}

export interface Links {
  wallets: Linked[];
  delaySeconds: number;
}

export interface Word {
  other: Address;
  deadline: bigint;
  signature: Hex;
}

/** The wallets of this account's person, itself first; it alone where it is linked with none. */
export async function linksOf(chain: Client, operator: Operator, account: Address): Promise<Links> {
  const links = { address: operator.links as Address, abi: LINKS } as const;
  const [book, delay] = await Promise.all([
    readContract(chain, { ...links, functionName: "bookOf", args: [account] }),
    readContract(chain, { ...links, functionName: "delay" }),
  ]);
  const wallets = await Promise.all(
    book.map(async (address) => {
      const leavesAt = await readContract(chain, { ...links, functionName: "leavesAt", args: [address] });
      return { address, leavesAt: Number(leavesAt) };
    }),
  );
  const isOwn = (each: Linked) => isAddressEqual(each.address, account);
  return { wallets: [...wallets.filter(isOwn), ...wallets.filter((each) => !isOwn(each))], delaySeconds: Number(delay) };
}

/** Let the other wallet sign that it is linked with this account, good for an hour of the chain. */
export async function signLink(chain: Client, other: Wallet, operator: Operator, account: Address): Promise<Word> {
  const verifyingContract = operator.links as Address;
  const wallet = other.account.address;
  const [nonce, { timestamp }] = await Promise.all([
    readContract(chain, { address: verifyingContract, abi: LINKS, functionName: "nonces", args: [wallet] }),
    getBlock(chain),
  ]);
  const deadline = timestamp + BigInt(HOUR);
  const signature = await signTypedData(other, {
    domain: { name: "WalletLinks", version: "1", chainId: operator.chainId, verifyingContract },
    types: { Link: LINK },
    primaryType: "Link",
    message: { wallet, with: getAddress(account), nonce, deadline },
  });
  return { other: wallet, deadline, signature };
}
