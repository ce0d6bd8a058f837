// Who is signed in on this page, and what the service has said of them.

import { get, Problem, type Operator, type Statement } from "./api";
import { language } from "./language.svelte";
import { signIn, signOut, type Offer, type Wallet } from "./wallet";

class Session {
  operator = $state<Operator | null>(null);
  account = $state<string | null>(null);
  statement = $state<Statement | null>(null);
  isUnknown = $state(false);
  wallet: Wallet | null = null;

  async begin(): Promise<void> {
    this.operator = await get<Operator>("/operator");
  }

  async enter(offer: Offer): Promise<void> {
    const wallet = await offer.open(this.operator!);
    const account = await signIn(wallet, this.operator!);
    this.wallet = wallet;
    this.account = account;
    await this.read();
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
    this.wallet = null;
    this.account = null;
    this.statement = null;
    this.isUnknown = false;
  }
}

export const session = new Session();
