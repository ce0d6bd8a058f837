// Consent: the borrower signs what one reader may see; the reader signs each request (EIP-712, oracle/consent.py).

import type { Address, Hex, TypedDataDefinition } from "viem";
import type { CreditService, Shown } from "./service.js";

/** Whose records: one oracle on one chain. */
export interface Deployment {
  chainId: number;
  contract: Address;
}

/** Whoever can sign typed data: an account of viem's, or a wallet. */
export interface TypedSigner {
  address: Address;
  signTypedData(data: TypedDataDefinition): Promise<Hex>;
}

/** What, and for what: both must be in the consent, letter for letter. */
export interface Purpose {
  /** "at least 650", "band", "score", "report"; "public" opens the score to everyone. */
  what: string;
  /** One of the purposes that the page offers, as "loan application / 贷款申请". */
  purpose: string;
  /** That of "at least", else 0. */
  threshold: number;
}

export interface Consent extends Purpose {
  reader: Address;
  readerName: string;
  /** Unix seconds; a year ahead at most. */
  notAfter: number;
  /** How many reads. */
  count: number;
}

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

/** The borrower, signed in to the service, lets a reader see something: the consent's id. */
export async function giveConsent(
  service: CreditService,
  borrower: TypedSigner,
  deployment: Deployment,
  given: Consent,
): Promise<Hex> {
  const consent = { borrower: borrower.address, ...given, nonce: nonce() };
  const signature = await borrower.signTypedData({
    domain: domainOf(deployment),
    types: { LetReaderSeeMyCreditRecord: CONSENT },
    primaryType: "LetReaderSeeMyCreditRecord",
    message: consent,
  });
  return service.giveConsent({ consent, signature });
}

/** What the borrower lets this reader see; a Problem (403) without a consent to exactly this. Each read counts, and the borrower sees it. */
export async function readByConsent(
  service: CreditService,
  reader: TypedSigner,
  deployment: Deployment,
  borrower: Address,
  asked: Purpose,
): Promise<Shown> {
  const time = Math.floor(Date.now() / 1000);
  const request = { borrower, reader: reader.address, ...asked, time, nonce: nonce() };
  const signature = await reader.signTypedData({
    domain: domainOf(deployment),
    types: { ReadCreditRecord: REQUEST },
    primaryType: "ReadCreditRecord",
    message: request,
  });
  return service.read({ ...request, signature });
}

function domainOf({ chainId, contract }: Deployment) {
  return { name: "Credit record", version: "1", chainId, verifyingContract: contract };
}

function nonce(): string {
  const words = crypto.getRandomValues(new BigUint64Array(2));
  return ((words[0]! << 64n) | words[1]!).toString();
}
