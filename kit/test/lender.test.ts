// A lender's hour: a borrower signs in, proves "at least 650", borrows; and every way in which that is refused, by name.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test from "node:test";
import { erc20Abi, type Address } from "viem";
import {
  atLeastArgs,
  CreditService,
  creditOracle,
  Problem,
  readByConsent,
  giveConsent,
  refusalOf,
  termLoans,
  type Refusal,
} from "../src/index.js";
import { borrow } from "../examples/borrow.js";
import { client, deployment, person, signedIn, wallet, world } from "./world.js";

const DOLLAR = 1_000_000n;
const ANY = { owed: 2n ** 128n - 1n, lateFeeBps: 65_535, grace: 0, coolingOff: 0 } as const;
const DRAW = { principal: 100n * DOLLAR, interval: 30 * 86_400, instalments: 1, worst: ANY, guarantors: [] } as const;
const PURPOSE = { what: "at least 650", purpose: "loan application / 贷款申请", threshold: 650 };
type Args = ReturnType<typeof atLeastArgs>;
type Conditions = { owed: bigint; lateFeeBps: number; grace: number; coolingOff: number };

const draw = (account: ReturnType<typeof person>, proof: Args, worst: Conditions) =>
  client.simulateContract({
    account,
    address: world.loans,
    abi: termLoans,
    functionName: "borrow",
    args: [world.pool, { ...DRAW, worst }, proof],
  });

/** Why the loan was refused. */
async function refused(account: ReturnType<typeof person>, proof: Args, worst: Conditions = ANY): Promise<Refusal | undefined> {
  const error = await draw(account, proof, worst).then(
    () => assert.fail("the loan was drawn"),
    (each: unknown) => each,
  );
  return refusalOf(error);
}

const coins = (account: Address) =>
  client.readContract({ address: world.coin, abi: erc20Abi, functionName: "balanceOf", args: [account] });

test("borrow with a proof of at least 650: the principal arrives", async () => {
  const mei = person("Mei");
  const service = await signedIn("Mei");
  const ladder = await service.ladder();
  assert.ok(ladder.most !== null && ladder.most >= 650);
  const before = await coins(mei.address);
  const receipt = await borrow(new CreditService(world.service), client, wallet("Mei"), world.loans, world.pool);
  assert.equal(receipt.status, "success");
  assert.equal((await coins(mei.address)) - before, DRAW.principal);
});

test("borrow with too low a score for the lender: an error in the lender's words", async () => {
  const asked = borrow(new CreditService(world.service), client, wallet("Mei"), world.loans, world.unlisted);
  await assert.rejects(asked, /^Error: PoolNotListed\(0x/);
  const poor = borrow(new CreditService(world.service), client, wallet("Bo"), world.loans, world.pool);
  await assert.rejects(poor, Problem);
});

test("the proof of another: AtLeastNotProven names who came with it", async () => {
  const proof = await (await signedIn("Mei")).atLeast(650);
  const refusal = await refused(person("Bo"), atLeastArgs(proof));
  assert.deepEqual(refusal, { name: "AtLeastNotProven", args: [person("Bo").address, 650] });
});

test("a threshold raised by 10: AtLeastNotProven", async () => {
  const proof = await (await signedIn("Mei")).atLeast(650);
  const refusal = await refused(person("Mei"), { ...atLeastArgs(proof), threshold: 660 });
  assert.deepEqual(refusal, { name: "AtLeastNotProven", args: [person("Mei").address, 660] });
});

test("the proof of an epoch before: NotCurrentEpoch names both", async () => {
  const refusal = await refused(person("Mei"), atLeastArgs(world.oldAtLeast));
  assert.deepEqual(refusal, { name: "NotCurrentEpoch", args: [3n, 4n] });
});

test("less than the pool asks: the pool's own NoRowFits", async () => {
  const proof = await (await signedIn("Mei")).atLeast(400);
  const refusal = await refused(person("Mei"), atLeastArgs(proof));
  assert.deepEqual(refusal, { name: "NoRowFits", args: [400, 1, 600] });
});

test("a pool dearer than what the borrower agreed to: OwesMoreThanAgreed names both", async () => {
  const proof = await (await signedIn("Mei")).atLeast(650);
  const refusal = await refused(person("Mei"), atLeastArgs(proof), { ...ANY, owed: DRAW.principal });
  assert.equal(refusal?.name, "OwesMoreThanAgreed");
  assert.equal(refusal?.args[1], DRAW.principal);
});

test("a snapshot older than the lender takes: TooOld", async () => {
  const proof = await (await signedIn("Mei")).atLeast(650);
  const asked = client.readContract({
    address: world.oracle,
    abi: creditOracle,
    functionName: "verifyAtLeast",
    args: [person("Mei").address, atLeastArgs(proof), 60n],
  });
  const refusal = refusalOf(await asked.catch((error: unknown) => error));
  assert.equal(refusal?.name, "TooOld");
  assert.equal(refusal?.args[1], 60n);
});

test("a node that does not answer is no refusal", () => {
  assert.equal(refusalOf(new Error("fetch failed")), undefined);
});

test("more than the score: the service says what can be proven", async () => {
  const service = await signedIn("Mei");
  const { most } = await service.ladder();
  await assert.rejects(service.atLeast(most! + 10), (error) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.status, 409);
    assert.equal(error.code, "above-score");
    assert.match(error.message, new RegExp(`${most}`));
    return true;
  });
});

test("nobody signed in: a problem in a sentence, before and after", async () => {
  const isUnknown = (error: unknown) => error instanceof Problem && error.status === 401;
  await assert.rejects(new CreditService(world.service).atLeast(650), isUnknown);
  const service = await signedIn("Mei");
  assert.equal((await service.score()).account, person("Mei").address.toLowerCase());
  await service.signOut();
  await assert.rejects(service.score(), isUnknown);
});

test("signed in for another chain: refused", async () => {
  const service = new CreditService(world.service);
  await assert.rejects(service.signIn(person("Mei"), world.chainId + 1), /chain/);
});

test("a service that sends elsewhere: an error, and nobody is asked there", async () => {
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(request.url ?? "");
    const away = request.url === "/v1/operator";
    response.writeHead(away ? 307 : 200, away ? { location: "/elsewhere" } : {}).end("{}");
  });
  await new Promise<void>((done) => elsewhere.listen(0, "127.0.0.1", done));
  try {
    const { port } = elsewhere.address() as AddressInfo;
    await assert.rejects(new CreditService(`http://127.0.0.1:${port}`).operator());
    assert.deepEqual(asked, ["/v1/operator"]);
  } finally {
    elsewhere.close();
  }
});

test("read by consent: once, what was consented to, and nothing else", async () => {
  const [mei, lender] = [person("Mei"), person("Kai")];
  const borrower = await signedIn("Mei");
  const service = new CreditService(world.service);
  const ask = (purpose = PURPOSE) => readByConsent(service, lender, deployment, mei.address, purpose);
  const isRefused = (error: unknown) => error instanceof Problem && error.status === 403;
  await assert.rejects(ask(), isRefused);
  const notAfter = Math.floor(Date.now() / 1000) + 3_600;
  const given = { ...PURPOSE, reader: lender.address, readerName: "Corner Lending", notAfter, count: 1 };
  const id = await giveConsent(borrower, mei, deployment, given);
  await assert.rejects(ask({ ...PURPOSE, what: "score", threshold: 0 }), isRefused);
  const shown = await ask();
  assert.equal(shown.consent, id);
  assert.equal(shown.holds, true);
  assert.equal(shown.score, undefined);
  const verified = await client.readContract({
    address: world.oracle,
    abi: creditOracle,
    functionName: "verifyAtLeast",
    args: [mei.address, atLeastArgs(shown.proof as Parameters<typeof atLeastArgs>[0]), 14n * 86_400n],
  });
  assert.equal(verified[0], 1);
  await assert.rejects(ask(), isRefused);
});
