// Scores that their borrowers opened, by viem as it comes (EIP-3668) and by the kit; and gateways that lie.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { after, before } from "node:test";
import { BaseError, encodeAbiParameters, getAbiItem, type Address, type Hex } from "viem";
import {
  CreditService,
  creditOracle,
  giveConsent,
  openScore,
  openScores,
  Problem,
  refusalOf,
  scoreArgs,
} from "../src/index.js";
import { client, deployment, person, signedIn, wallet, world } from "./world.js";

const MAX_AGE = 14n * 86_400n;
const STRANGER: Address = "0x9999999999999999999999999999999999999999";
const PROOF = getAbiItem({ abi: creditOracle, name: "verifyScore" }).inputs[1];

/** What viem alone makes of `scoreOf`. */
const read = (borrower: Address, contract = world.openScores) =>
  client.readContract({ address: contract, abi: openScores, functionName: "scoreOf", args: [borrower, MAX_AGE] });

const failure = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => assert.fail("it was answered"),
    (error: unknown) => error,
  );

async function open(name: "Mei" | "Bo"): Promise<void> {
  const reader = "0x0000000000000000000000000000000000000000";
  const notAfter = Math.floor(Date.now() / 1000) + 3_600;
  const purpose = "open to everyone / 对所有人公开";
  const given = { what: "public", purpose, threshold: 0, reader, readerName: "everyone", notAfter, count: 1 } as const;
  await giveConsent(await signedIn(name), person(name), deployment, given);
}

/** A gateway that answers everything with what it is told to, and the OpenScores that names it. */
let told: Hex = "0x";
const asked: string[] = [];
const liar = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.setHeader("content-type", "application/json").end(JSON.stringify({ data: told }));
});
let lying: Address;

before(async () => {
  await new Promise<void>((done) => liar.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(liar.address() as AddressInfo).port}/{sender}/{data}`;
  const hash = await wallet("Kai").deployContract({
    abi: [...openScores, { type: "constructor", stateMutability: "nonpayable", inputs: [{ type: "address" }, { type: "string[]" }] }],
    bytecode: world.openScoresCode,
    args: [world.oracle, [url]],
  });
  lying = (await client.waitForTransactionReceipt({ hash })).contractAddress!;
  await open("Mei");
});

after(() => liar.close());

test("an open score: viem alone reads it, as the borrower sees it", async () => {
  const own = await (await signedIn("Mei")).score();
  const [score, width, status, epoch] = await read(person("Mei").address);
  assert.deepEqual([score, status, epoch], [own.score, 1, 4n]);
  assert.ok(width > 0);
});

test("a score not opened, and an account nobody knows: the same refusal, word for word", async () => {
  const words = async (borrower: Address) => {
    const error = await failure(read(borrower));
    assert.ok(error instanceof BaseError);
    return error.message.toLowerCase().replaceAll(borrower.slice(2).toLowerCase(), "…");
  };
  const known = await words(person("Bo").address);
  assert.match(known, /status: 403/);
  assert.equal(known, await words(STRANGER));
});

test("a gateway that shows another's proof: ScoreNotProven", async () => {
  const mine = await (await signedIn("Bo")).scoreProof();
  told = encodeAbiParameters([PROOF], [scoreArgs(mine)]);
  const refusal = refusalOf(await failure(read(person("Mei").address, lying)));
  assert.deepEqual(refusal, { name: "ScoreNotProven", args: [person("Mei").address, mine.score] });
});

test("a gateway that makes a score higher: ScoreNotProven", async () => {
  const mine = scoreArgs(await (await signedIn("Mei")).scoreProof());
  told = encodeAbiParameters([PROOF], [{ ...mine, score: 850 }]);
  const refusal = refusalOf(await failure(read(person("Mei").address, lying)));
  assert.deepEqual(refusal, { name: "ScoreNotProven", args: [person("Mei").address, 850] });
});

test("a gateway that shows an old proof: NotCurrentEpoch", async () => {
  told = encodeAbiParameters([PROOF], [scoreArgs(world.oldScore)]);
  const refusal = refusalOf(await failure(read(person("Mei").address, lying)));
  assert.deepEqual(refusal, { name: "NotCurrentEpoch", args: [3n, 4n] });
});

test("a gateway that answers nonsense: no score", async () => {
  told = "0x1234";
  assert.ok((await failure(read(person("Mei").address, lying))) instanceof BaseError);
});

test("the kit's own reading asks the service that was chosen, never where the contract says", async () => {
  const before = asked.length;
  const service = new CreditService(world.service);
  const found = await openScore(client, service, world.openScores, person("Mei").address, MAX_AGE);
  assert.equal(found.score, (await read(person("Mei").address))[0]);
  const error = await failure(openScore(client, service, lying, person("Mei").address, MAX_AGE));
  assert.ok(error instanceof Problem);
  assert.match(error.message, /no contract that this gateway answers for/);
  assert.equal(asked.length, before);
});

test("the kit's own reading of a score not opened: a problem", async () => {
  const service = new CreditService(world.service);
  const error = await failure(openScore(client, service, world.openScores, person("Bo").address, MAX_AGE));
  assert.deepEqual([(error as Problem).status, (error as Problem).message], [403, "No consent for this request."]);
});
