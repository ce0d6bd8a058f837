// Wallets: those that the browser announces (EIP-6963), else window.ethereum, and the demonstration's own.

import { createClient, custom, getAddress, http, type Account, type Address, type Client, type Transport } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { signMessage } from "viem/actions";
import { get, post, remove, type DemoWallet, type Operator } from "./api";
import { say } from "./language.svelte";
import { WORDS } from "./words";

interface Provider {
  request(asked: { method: string; params?: unknown }): Promise<unknown>;
}

/** An account, and the way to the wallet that signs for it. */
export type Wallet = Client<Transport, undefined, Account>;

// Clients never follow an address that a contract names (EIP-3668).
export const CLIENT = { ccipRead: false, pollingInterval: 1_000 } as const;
const DEMO = "demo:";
const ANNOUNCE_MS = 300;

/** Something that can sign; `id` is the same after a reload. `icon` is the wallet's own: shown as an image, never as markup. */
export interface Offer {
  id: string;
  name: string;
  icon: string | null;
  open(operator: Operator): Promise<Wallet>;
}

interface Announced {
  info: { rdns: string; name: string; icon: string };
  provider: Provider;
}

/** Tell `found` of each wallet as it is announced; returns how to stop listening. */
export function discover(found: (offer: Offer) => void): () => void {
  let any = false;
  const hear = (event: Event) => {
    const { info, provider } = (event as CustomEvent<Announced>).detail;
    any = true;
    const icon = info.icon.startsWith("data:image/") ? info.icon : null;
    found({ id: info.rdns, name: info.name, icon, open: () => opened(provider) });
  };
  window.addEventListener("eip6963:announceProvider", hear);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  const wait = setTimeout(() => {
    const provider = (window as { ethereum?: Provider }).ethereum;
    if (!any && provider) found({ id: "window", name: say(WORDS.browserWallet), icon: null, open: () => opened(provider) });
  }, ANNOUNCE_MS);
  return () => {
    clearTimeout(wait);
    window.removeEventListener("eip6963:announceProvider", hear);
  };
}

async function opened(provider: Provider): Promise<Wallet> {
  const accounts = (await provider.request({ method: "eth_requestAccounts" })) as Address[];
  if (!accounts[0]) throw new Error(say(WORDS.noAccount));
  return createClient({ ...CLIENT, account: getAddress(accounts[0]), transport: custom(provider) });
}

/**
 * The wallets of the demonstration, whose keys everyone knows; none where the operator shows none. `firstIs`: those of the
 * person of this account beside it; without, the one by which each of the cast signs in.
 */
export async function demoOffers(firstIs: string | null = null): Promise<Offer[]> {
  const wallets = await get<DemoWallet[]>("/demo/wallets").catch(() => []);
  return wallets.filter((wallet) => wallet.secondOf === firstIs).map((wallet) => ({
    id: DEMO + wallet.address,
    name: wallet.name,
    icon: null,
    open: async (operator: Operator) =>
      createClient({
        ...CLIENT,
        account: privateKeyToAccount(wallet.privateKey),
        transport: http(operator.rpc ?? undefined),
      }),
  }));
}

/** The wallet of an offer that this tab used before; an Error when it is gone, or has another account. */
export async function reopen(id: string, account: string, operator: Operator): Promise<Wallet> {
  const offers: Offer[] = id.startsWith(DEMO) ? await demoOffers() : await announced();
  const wallet = await offers.find((offer) => offer.id === id)?.open(operator);
  if (wallet?.account.address.toLowerCase() !== account) throw new Error(say(WORDS.otherAccount));
  return wallet;
}

function announced(): Promise<Offer[]> {
  const found: Offer[] = [];
  const stop = discover((offer) => found.push(offer));
  return new Promise((resolve) =>
    setTimeout(() => {
      stop();
      resolve(found);
    }, ANNOUNCE_MS + 50),
  );
}

/** Sign in by EIP-4361; the service sets the cookie. The account, in lower case. */
export async function signIn(wallet: Wallet, operator: Operator): Promise<string> {
  const asked = await post<{ nonce: string; domain: string; statement: string }>("/nonces");
  const now = Date.now();
  const moment = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const message = [
    `${asked.domain} wants you to sign in with your Ethereum account:`,
    wallet.account.address,
    "",
    asked.statement,
    "",
    `URI: ${location.origin}`,
    "Version: 1",
    `Chain ID: ${operator.chainId}`,
    `Nonce: ${asked.nonce}`,
    `Issued At: ${moment(now)}`,
    `Expiration Time: ${moment(now + 10 * 60_000)}`,
  ].join("\n");
  const signature = await signMessage(wallet, { message });
  const made = await post<{ account: string }>("/sessions", { message, signature });
  return made.account.toLowerCase();
}

export const signOut = () => remove<void>("/sessions");

/** Whether an error is the person's own "no". */
export function isDeclined(error: unknown): boolean {
  for (let told = error as { code?: number; cause?: unknown } | undefined; told; told = told.cause as typeof told) {
    if (told.code === 4001) return true;
  }
  return false;
}
