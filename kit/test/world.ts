// The running world that a test is given (tests/e2e/kit_world.py writes it), and clients of viem as any lender makes them.

import { readFileSync } from "node:fs";
import {
  createPublicClient,
  createWalletClient,
  http,
  type Address,
  type Chain,
  type Hex,
  type PublicClient,
  type Transport,
  type WalletClient,
} from "viem";
import { privateKeyToAccount, type PrivateKeyAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { CreditService, type components } from "../src/index.js";

type Name = "Mei" | "Bo" | "Kai";

interface World {
  rpc: string;
  service: string;
  chainId: number;
  oracle: Address;
  loans: Address;
  pool: Address;
  unlisted: Address;
  coin: Address;
  openScores: Address;
  openScoresCode: Hex;
  keys: Record<Name, Hex>;
  oldAtLeast: components["schemas"]["AtLeastProof"];
  oldScore: components["schemas"]["ScoreProof"];
}

export const world: World = JSON.parse(readFileSync(process.env.KIT_WORLD!, "utf8"));
export const deployment = { chainId: world.chainId, contract: world.oracle };

export const chain: Chain = { ...foundry, id: world.chainId };
export const client: PublicClient = createPublicClient({ chain, transport: http(world.rpc), pollingInterval: 50 });

export function person(name: Name): PrivateKeyAccount {
  return privateKeyToAccount(world.keys[name]);
}

/** The service, with this person signed in. */
export async function signedIn(name: Name): Promise<CreditService> {
  const service = new CreditService(world.service);
  await service.signIn(person(name), world.chainId);
  return service;
}

export function wallet(name: Name): WalletClient<Transport, Chain, PrivateKeyAccount> {
  return createWalletClient({ account: person(name), chain, transport: http(world.rpc) });
}
