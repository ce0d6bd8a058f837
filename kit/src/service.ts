// The borrowers' service over HTTP, typed by its OpenAPI document (schema.ts, from openapi.json).
//
// Rules that hold here: its address is the caller's own choice, and nothing that it or a contract says changes it (a redirect
// is an error); each refusal is a Problem, with the service's own sentence; the token stays in this object.

import createClient, { type Client } from "openapi-fetch";
import { getAddress, type Address, type Hex } from "viem";
import { createSiweMessage } from "viem/siwe";
import type { components, paths } from "./schema.js";

type Shapes = components["schemas"];
export type AtLeastProof = Shapes["OwnAtLeastProof"];
export type ScoreProof = Shapes["OwnScoreProof"];
export type Score = Shapes["Score"];
export type Ladder = Shapes["Ladder"];
export type Operator = Shapes["Operator"];
export type Session = Shapes["Session"];
export type Shown = Shapes["Shown"];
export type Verified = Shapes["Verified"];

/** Whoever can sign a text: an account of viem's, or a wallet (`(text) => wallet.signMessage({ account, ...text })`). */
export interface Signer {
  address: Address;
  signMessage(text: { message: string }): Promise<Hex>;
}

/**
 * The service said no: `status` of HTTP, `title` of the kind of refusal, one sentence that says what to do, and a stable `code`
 * of that sentence for programs ("above-score", "no-consent").
 */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly code: string,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

const SIGN_IN_MS = 5 * 60_000;

/** One service, and who is signed in to it. */
export class CreditService {
  readonly #http: Client<paths>;
  #token: string | undefined;

  /** @param url where it is, as its operator told you: https://score.example */
  constructor(readonly url: string) {
    this.#http = createClient<paths>({ baseUrl: url, redirect: "error", credentials: "omit" });
    this.#http.use({
      onRequest: ({ request }) => {
        if (this.#token) request.headers.set("authorization", `Bearer ${this.#token}`);
        return request;
      },
    });
  }

  /** Sign in with a wallet (EIP-4361); good for 30 minutes. */
  async signIn(signer: Signer, chainId: number): Promise<Session> {
    const { domain, nonce, statement } = await told(this.#http.POST("/v1/nonces"));
    const issuedAt = new Date();
    const message = createSiweMessage({
      address: getAddress(signer.address),
      chainId,
      domain,
      nonce,
      statement,
      uri: this.url,
      version: "1",
      issuedAt,
      expirationTime: new Date(issuedAt.getTime() + SIGN_IN_MS),
    });
    const signature = await signer.signMessage({ message });
    const session = await told(this.#http.POST("/v1/sessions", { body: { message, signature } }));
    this.#token = session.token;
    return session;
  }

  /** End the session. */
  async signOut(): Promise<void> {
    await told(this.#http.DELETE("/v1/sessions"));
    this.#token = undefined;
  }

  /** The own score, its range, and what helped and held back, in English or Chinese. */
  score(lang: "en" | "zh" = "en"): Promise<Score> {
    return told(this.#http.GET("/v1/me/score", { params: { query: { lang } } }));
  }

  /** Which thresholds the own record reaches. */
  ladder(): Promise<Ladder> {
    return told(this.#http.GET("/v1/me/ladder"));
  }

  /** A proof that the own score is at least `threshold`, a multiple of 10; it shows no more than that and the record's status. */
  async atLeast(threshold: number): Promise<AtLeastProof> {
    const found = await told(this.#http.GET("/v1/me/proof", { params: { query: { at_least: threshold } } }));
    if (found.kind !== "atLeast") throw new Error(`the service answered with a proof of kind ${found.kind}`);
    return found;
  }

  /** A proof of the own score itself. */
  async scoreProof(): Promise<ScoreProof> {
    const found = await told(this.#http.GET("/v1/me/proof"));
    if (found.kind !== "score") throw new Error(`the service answered with a proof of kind ${found.kind}`);
    return found;
  }

  /** What a proof, or the text of its QR code, shows by the root that this service keeps. Before money moves, let a contract check it. */
  verify(proof: AtLeastProof | ScoreProof | { text: string }): Promise<Verified> {
    return told(this.#http.POST("/v1/verify", { body: { ...proof } }));
  }

  /** Who runs the service, and where its contracts are. Hold the addresses against those you know. */
  operator(): Promise<Operator> {
    return told(this.#http.GET("/v1/operator"));
  }

  /** Let a reader see something (consent.ts signs it): the consent's id. */
  async giveConsent(body: Shapes["Given"]): Promise<Hex> {
    const { id } = await told(this.#http.POST("/v1/me/consents", { body }));
    return id as Hex;
  }

  /** What the borrower lets this reader see (consent.ts signs the request). */
  read(body: Shapes["Read"]): Promise<Shown> {
    return told(this.#http.POST("/v1/reads", { body }));
  }

  /** A proof for the call that a contract's OffchainLookup carries, undecoded. */
  async gateway(sender: Address, data: Hex): Promise<Hex> {
    const path = { sender: sender.toLowerCase(), data };
    const found = await told(this.#http.GET("/v1/gateway/{sender}/{data}.json", { params: { path } }));
    return found.data as Hex;
  }
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function told<T>(asked: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  const { title, detail, code } = (error ?? {}) as { title?: string; detail?: string; code?: string };
  throw new Problem(response.status, title ?? response.statusText, detail ?? "The service gave no reason.", code ?? "");
}
