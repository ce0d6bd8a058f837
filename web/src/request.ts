// What a lender asks to be shown, by a link of the form ?at_least=650#/prove.

import { HIGHEST } from "./bands";

export const STEP = 10;
const LEAST = 310;

/** The threshold asked for, a multiple of 10; 0 where the address asks for none that can be proved. */
export function requested(): number {
  const asked = Number(new URLSearchParams(location.search).get("at_least"));
  return asked >= LEAST && asked <= HIGHEST ? Math.floor(asked / STEP) * STEP : 0;
}
