// What a borrower signs to let one reader see one thing, and what that reader signs to see it: the fields, their names
// and their order are those that the wallet shows, and those of the service (EIP-712, domain "Credit record").

import { zeroAddress, type Address } from "viem";
import { signTypedData } from "viem/actions";
import { post, type Operator } from "./api";
import { say } from "./language.svelte";
import type { Wallet } from "./wallet";
import { WORDS } from "./words";

export const PURPOSES = ["loan application / 贷款申请", "trade credit / 商业赊销", "tenancy / 房屋租赁"] as const;
const OPEN_PURPOSE = "open to everyone / 对所有人公开";
export const KINDS = ["at least", "band", "score", "report"] as const;
export type Kind = (typeof KINDS)[number];

export const DAY = 86_400;

const CONSENT = [
  { name: "borrower", type: "address" },
  { name: "reader", type: "address" },
  { name: "readerName", type: "string" },
  { name: "what", type: "string" },
  { name: "purpose", type: "string" },
  { name: "threshold", type: "uint16" },
  { name: "notAfter", type: "uint64" },
  { name: "count", type: "uint32" },
  { name: "nonce", type: "uint256" },
] as const;

const REQUEST = [
  { name: "borrower", type: "address" },
  { name: "reader", type: "address" },
  { name: "what", type: "string" },
  { name: "purpose", type: "string" },
  { name: "threshold", type: "uint16" },
  { name: "time", type: "uint64" },
  { name: "nonce", type: "uint256" },
] as const;

export interface Wish {
  reader: Address;
  readerName: string;
  what: string;
  purpose: string;
  threshold: number;
  days: number;
  count: number;
}

/** The content as it is signed: "at least 650", "band", "score" or "report". */
export const signedWhat = (kind: Kind, threshold: number) => (kind === "at least" ? `at least ${threshold}` : kind);

/** The same in the person's language. */
export function shownWhat(what: string): string {
  if (what.startsWith("at least ")) return say(WORDS.whatAtLeast, { t: what.slice(9) });
  if (what === "band") return say(WORDS.whatBand);
  if (what === "score") return say(WORDS.whatScore);
  return say(what === "report" ? WORDS.whatReport : WORDS.whatPublic);
}

/** What a reader of this content does not get to see. */
export function leftOut(what: string): string {
  if (what === "score") return say(WORDS.withoutReasons);
  return say(what === "report" ? WORDS.withoutOthers : WORDS.contains1);
}

/** Sign a consent and hand it to the service; its id. */
export async function give(wallet: Wallet, operator: Operator, wish: Wish): Promise<string> {
  const { days, ...named } = wish;
  const message = {
    borrower: wallet.account.address,
    ...named,
    notAfter: BigInt(seconds() + days * DAY),
    nonce: nonce(),
  };
  const types = { LetReaderSeeMyCreditRecord: CONSENT };
  const primaryType = "LetReaderSeeMyCreditRecord";
  const signature = await signTypedData(wallet, { domain: domain(operator), types, primaryType, message });
  const consent = { ...message, notAfter: Number(message.notAfter), nonce: message.nonce.toString() };
  return (await post<{ id: string }>("/me/consents", { consent, signature })).id;
}

/** The consent that lets everyone have the score proved (EIP-3668). */
export const everyone = (): Wish => ({
  reader: zeroAddress,
  readerName: "everyone / 所有人",
  what: "public",
  purpose: OPEN_PURPOSE,
  threshold: 0,
  days: 365,
  count: 1,
});

/** Ask, as a reader, for what a borrower consented to. */
export async function read<T>(wallet: Wallet, operator: Operator, asked: { borrower: Address; what: string; purpose: string; threshold: number }): Promise<T> {
  const message = { ...asked, reader: wallet.account.address, time: BigInt(seconds()), nonce: nonce() };
  const types = { ReadCreditRecord: REQUEST };
  const signature = await signTypedData(wallet, { domain: domain(operator), types, primaryType: "ReadCreditRecord", message });
  return post<T>("/reads", { ...message, time: Number(message.time), nonce: message.nonce.toString(), signature });
}

function domain(operator: Operator) {
  const verifyingContract = operator.contract as Address;
  return { name: "Credit record", version: "1", chainId: operator.chainId, verifyingContract };
}

const seconds = () => Math.floor(Date.now() / 1000);

const nonce = () => crypto.getRandomValues(new Uint32Array(2)).reduce((sum, part) => sum * 2n ** 32n + BigInt(part), 0n);
