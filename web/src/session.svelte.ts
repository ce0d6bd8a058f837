// Who is signed in on this page, and what the service has said of them. The session itself is the service's cookie; what
// this tab remembers is whose it is and by which wallet, so that a reload signs nobody out.

import { createClient, http, type Client } from "viem";
import { get, onSignedOut, Problem, type Operator, type Statement } from "./api";
import { language } from "./language.svelte";
import { CLIENT, reopen, signIn, signOut, type Offer, type Wallet } from "./wallet";

const KEY = "session";

class Session {
  operator = $state<Operator | null>(null);
  account = $state<string | null>(null);
  statement = $state<Statement | null>(null);
  isUnknown = $state(false);
  isOver = $state(false);
  wallet: Wallet | null = null;
  #offer = "";

  constructor() {
    onSignedOut(() => {
      this.isOver = this.account !== null;
      this.forget();
    });
  }

  async begin(): Promise<void> {
    const operator = await get<Operator>("/operator");
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as { account: string; offer: string } | null;
    if (kept && (await get("/me/statement").then(() => true, () => false))) {
      this.account = kept.account;
      this.#offer = kept.offer;
    }
    this.operator = operator;
  }

  async enter(offer: Offer): Promise<void> {
    const wallet = await offer.open(this.operator!);
    const account = await signIn(wallet, this.operator!);
    sessionStorage.setItem(KEY, JSON.stringify({ account, offer: offer.id }));
    this.wallet = wallet;
    this.isOver = false;
    this.account = account;
  }

  /** The wallet of the account that is signed in; opened again after a reload. */
  async signer(): Promise<Wallet> {
    this.wallet ??= await reopen(this.#offer, this.account!, this.operator!);
    return this.wallet;
  }

  /** The chain over the address that the operator names for browsers; null where there is none. */
  reader(): Client | null {
    const { rpc } = this.operator!;
    return rpc ? createClient({ ...CLIENT, transport: http(rpc) }) : null;
  }

  /** The chain: over that address, else through the person's wallet. */
  async chain(): Promise<Client> {
    return this.reader() ?? this.signer();
  }

  /** The own score in the language of the moment. */
  async read(target?: number): Promise<void> {
    const asked = target === undefined ? "" : `&target=${target}`;
    try {
      this.statement = await get<Statement>(`/me/score?lang=${language.now}${asked}`);
      this.isUnknown = false;
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      this.statement = null;
      this.isUnknown = true;
    }
  }

  async leave(): Promise<void> {
    await signOut().catch(() => undefined);
    this.forget();
  }

  forget(): void {
    sessionStorage.removeItem(KEY);
    this.wallet = null;
    this.account = null;
    this.statement = null;
    this.isUnknown = false;
  }
}

export const session = new Session();
