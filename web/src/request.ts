// What an address asks for: a lender to be shown something (?at_least=650#/prove), or the person's own other device to have
// a link of two wallets signed here (?link=0x…#/link).

import { getAddress, isAddress, type Address } from "viem";
import { HIGHEST } from "./bands";

export const STEP = 10;
const LEAST = 310;

/** The threshold asked for, a multiple of 10; 0 where the address asks for none that can be proved. */
export function requested(): number {
  const asked = Number(new URLSearchParams(location.search).get("at_least"));
  return asked >= LEAST && asked <= HIGHEST ? Math.floor(asked / STEP) * STEP : 0;
}

/** The wallet that is to be linked with one of this device; null where the address names none. */
export function asksLink(): Address | null {
  const asked = new URLSearchParams(location.search).get("link") ?? "";
  return isAddress(asked, { strict: false }) ? getAddress(asked) : null;
}

/** The address by which another device is asked so. */
export const linkRequest = (account: string) => `${location.origin}/?link=${account}#/link`;
