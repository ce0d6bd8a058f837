// Which wallets count as one person, and what links them: the other wallet's word, brought by this one's transaction.

import { getAddress, isAddressEqual, type Address, type Client, type Hex } from "viem";
import { say } from "./language.svelte";
import { WORDS } from "./words";
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

const WORD = /^WL1:0X([0-9A-F]{40}):(\d{1,15}):0X((?:[0-9A-F]{2}){1,4096})$/;

/** A word as text for another device: in capitals and digits, which QR codes pack best. */
export const writeWord = ({ other, deadline, signature }: Word) => `WL1:${other}:${deadline}:${signature}`.toUpperCase();

/** The word in such a text, whatever its letters' case; an Error where there is none. */
export function readWord(text: string): Word {
  const [, other, deadline, signature] = WORD.exec(text.trim().toUpperCase()) ?? [];
  if (!other || !deadline || !signature) throw new Error(say(WORDS.notAWord));
  return { other: getAddress(`0x${other.toLowerCase()}`), deadline: BigInt(deadline), signature: `0x${signature.toLowerCase()}` };
}
