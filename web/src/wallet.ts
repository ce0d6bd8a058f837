// Wallets: those that the browser announces (EIP-6963), else window.ethereum, and the demonstration's own.

import { createClient, custom, http, type Account, type Address, type Client, type Transport } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { signMessage } from "viem/actions";
import { get, post, remove, type DemoWallet, type Operator } from "./api";

interface Provider {
  request(asked: { method: string; params?: unknown }): Promise<unknown>;
}

/** An account, and the way to the wallet that signs for it. */
export type Wallet = Client<Transport, undefined, Account>;

// Clients never follow an address that a contract names (EIP-3668).
const CLIENT = { ccipRead: false } as const;

/** Something that can sign. `icon` is the wallet's own picture: shown as an image, never as markup. */
export interface Offer {
  id: string;
  name: string;
  icon: string | null;
  isDemo: boolean;
  open(operator: Operator): Promise<Wallet>;
}

interface Announced {
  info: { uuid: string; name: string; icon: string };
  provider: Provider;
}

/** Tell `found` of each wallet as it is announced; returns how to stop listening. */
export function discover(found: (offer: Offer) => void): () => void {
  let any = false;
  const hear = (event: Event) => {
    const { info, provider } = (event as CustomEvent<Announced>).detail;
    any = true;
    const icon = info.icon.startsWith("data:image/") ? info.icon : null;
    found({ id: info.uuid, name: info.name, icon, isDemo: false, open: () => opened(provider) });
  };
  window.addEventListener("eip6963:announceProvider", hear);
  window.dispatchEvent(new Event("eip6963:requestProvider"));
  const wait = setTimeout(() => {
    const provider = (window as { ethereum?: Provider }).ethereum;
    if (!any && provider) {
      found({ id: "window", name: "Wallet", icon: null, isDemo: false, open: () => opened(provider) });
    }
  }, 300);
  return () => {
    clearTimeout(wait);
    window.removeEventListener("eip6963:announceProvider", hear);
  };
}

async function opened(provider: Provider): Promise<Wallet> {
  const accounts = (await provider.request({ method: "eth_requestAccounts" })) as Address[];
  const account = accounts[0];
  if (!account) throw new Error("the wallet names no account");
  return createClient({ ...CLIENT, account, transport: custom(provider) });
}

/** The cast of the demonstration, whose keys everyone knows; none where the operator shows none. */
export async function demoOffers(): Promise<Offer[]> {
  const wallets = await get<DemoWallet[]>("/demo/wallets").catch(() => []);
  return wallets.map((wallet) => ({
    id: wallet.address,
    name: wallet.name,
    icon: null,
    isDemo: true,
    open: async (operator: Operator) =>
      createClient({
        ...CLIENT,
        account: privateKeyToAccount(wallet.privateKey),
        transport: http(operator.rpc ?? undefined),
      }),
  }));
}

/** Sign in by EIP-4361; the service sets the cookie. */
export async function signIn(wallet: Wallet, operator: Operator): Promise<string> {
  const asked = await post<{ nonce: string; domain: string; statement: string }>("/nonces");
  const { account } = wallet;
  const now = Date.now();
  const moment = (ms: number) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const message = [
    `${asked.domain} wants you to sign in with your Ethereum account:`,
    account.address,
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
  return made.account;
}

export const signOut = () => remove<void>("/sessions");

/** Whether an error is the person's own "no". */
export function isDeclined(error: unknown): boolean {
  const told = error as { code?: number; name?: string; cause?: { code?: number } };
  return told.code === 4001 || told.cause?.code === 4001 || told.name === "UserRejectedRequestError";
}
