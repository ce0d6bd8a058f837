// What a contract's custom error means to the person: one sentence with the error's own figures.

import { dollars, dollarsDown } from "./coin";
import { money, say, time, type Pair } from "./language.svelte";

type Values = (given: readonly unknown[], decimals?: number) => Record<string, string | number>;
type Told = readonly [words: Pair, values?: Values];
type Shown = (units: bigint, decimals: number) => string;

/** An amount of the coin that is lent; its bare units where nothing says which coin that is. */
const coins = (units: unknown, decimals?: number, shown: Shown = dollars) =>
  decimals === undefined ? String(units) : shown(units as bigint, decimals);
const cents = (amount: unknown) => money(Number(amount));
const at = (seconds: unknown) => time(Number(seconds));
const number = (value: unknown) => Number(value);

const TABLE: Record<string, Told> = {
  NoRowFits: [
    [
      "This lender asks for more than {shown}, from {least} on for such a record. The lender decides, not this service; your reasons and plan stand under Why.",
      "该出借方对此类记录的要求为不低于 {least} 分，高于所出示的 {shown} 分。是否放款由出借方决定，本服务不参与；影响因素与改进方案见“原因”。",
    ],
    ([shown, , least]) => ({ shown: number(shown), least: number(least) }),
  ],
  PrincipalTooLarge: [
    ["This lender lends at most {most} at once. Ask for less.", "该出借方单笔最多出借 {most}，请减少金额。"],
    ([, most], decimals) => ({ most: coins(most, decimals, dollarsDown) }),
  ],
  OwesMoreThanAgreed: [
    [
      "The price has changed: {owed} would be owed, not {agreed}. Nothing was lent. Make the proof again to see the new price.",
      "价格已变：需还 {owed}，不再是 {agreed}。未放款。请重新生成证明，查看新的价格。",
    ],
    ([owed, agreed], decimals) => ({ owed: coins(owed, decimals), agreed: coins(agreed, decimals) }),
  ],
  WorseThanAgreed: [
    [
      "The lender's terms have changed: a late fee of {fee} %, after {days} days. Nothing was lent. Make the proof again to see them.",
      "该出借方的条款已变：逾期满 {days} 天收取 {fee}% 的费用。未放款。请重新生成证明，查看新的条款。",
    ],
    ([fee, grace]) => ({ fee: number(fee) / 100, days: Math.floor(number(grace) / 86_400) }),
  ],
  ExposureExceeded: [
    [
      "All your open loans together may be {limit}; they would be {asked}. Ask for less, or repay some first.",
      "您的未还借款合计不得超过 {limit}，此笔之后将为 {asked}。请减少金额或先还款。",
    ],
    ([, asked, limit]) => ({ asked: cents(asked), limit: cents(limit) }),
  ],
  LoanOverdue: [
    [
      "A loan of yours was due on {due}. Pay it first; nobody borrows while a loan is overdue.",
      "您有一笔借款已于 {due} 到期，请先还清；有逾期借款时不能再借。",
    ],
    ([, due]) => ({ due: at(due) }),
  ],
  TermOutOfRange: [
    ["This lender lends for at most {days} days. Choose fewer.", "该出借方最长期限为 {days} 天，请缩短期限。"],
    ([, most]) => ({ days: Math.floor(number(most) / 86_400) }),
  ],
  NotEnoughIdle: [
    ["The lender has {idle} at hand, the rest is lent. Ask for less, or later.", "出借方目前可用 {idle}，其余已借出。请减少金额或稍后再试。"],
    ([, idle], decimals) => ({ idle: coins(idle, decimals, dollarsDown) }),
  ],
  TooManyLoans: [
    ["This wallet has {n} open loans, the most there can be. Repay one first.", "此钱包已有 {n} 笔未还借款，已达上限，请先还清一笔。"],
    ([, n]) => ({ n: number(n) }),
  ],
  PoolNotListed: [["This lender lends nothing new here. Open loans go on as before.", "该出借方已停止新的出借，未还借款不受影响。"]],
  LoanNotOpen: [["This loan is repaid already, or was given back. Nothing is owed.", "此笔借款已还清或已取消，无需再还。"]],
  NotTheBorrower: [["Only the wallet that drew the loan can give it back.", "只有借款的钱包本身可以取消此笔借款。"]],
  CoolingOffOver: [
    ["The loan could be given back until {until}. Repay it instead; paying early is free.", "可取消的期限已于 {until} 结束，请改为还款；提前还款不收费。"],
    ([, until]) => ({ until: at(until) }),
  ],
  AlreadyDefaulted: [["This loan is in default: it can be repaid, not given back. Paying late still counts.", "此笔借款已违约，只能还款，不能取消；迟还也算数。"]],
  CoinMovedLess: [["This coin keeps a fee of what it moves, so the contract refuses it. Pay in another coin.", "该代币转账时会扣费，合约不接受，请使用其他代币。"]],
  ERC20InsufficientBalance: [
    ["This wallet holds {has}, and {needed} are needed. Pay a part, or receive more first.", "此钱包余额为 {has}，需要 {needed}。请部分还款，或先存入。"],
    ([, has, needed], decimals) => ({ has: coins(has, decimals, dollarsDown), needed: coins(needed, decimals) }),
  ],
  ERC20InsufficientAllowance: [["The wallet did not allow the contract to take this amount. Try again and confirm both steps.", "钱包未允许合约收取该金额，请重试并确认两个步骤。"]],
  NotDisputed: [["This item is not in dispute any more: it was decided, or withdrawn.", "此项已不在异议处理中：已有结论或已撤回。"]],
  SelfLink: [["This is the same wallet. Choose another one.", "这是同一个钱包，请选择另一个。"]],
  BothLinked: [
    ["Both wallets are linked already, with each other or with others. One of them has to leave first.", "两个钱包都已有关联（彼此之间或与其他钱包），需先解除其中一个。"],
  ],
  TooManyWallets: [["A person has at most {most} wallets. Let one leave first.", "一人最多关联 {most} 个钱包，请先解除一个。"], ([, most]) => ({ most: number(most) })],
  Leaving: [
    ["This wallet is leaving; it can be linked again from {until} on.", "此钱包正在解除关联，{until} 起可重新关联。"],
    ([, until]) => ({ until: at(until) }),
  ],
  NotLinked: [["This wallet is linked with no other; nothing is to be done.", "此钱包没有关联，无需操作。"]],
  SignatureExpired: [["The other wallet signed too long ago. Let it sign again.", "另一个钱包的签名已过期，请重新签名。"]],
  WrongSignature: [["The signature is not of the other wallet, or was used. Let it sign again.", "签名与另一个钱包不符或已被使用，请重新签名。"]],
  AmountZero: [["Name an amount above zero.", "请填写大于零的金额。"]],
  AtLeastNotProven: [
    ["The contract does not accept this proof for {t}. Make a new one.", "合约不接受此 {t} 分证明，请重新生成。"],
    ([, t]) => ({ t: number(t) }),
  ],
  NotCurrentEpoch: [
    ["This proof is from epoch {e}, no longer the current one. Make a new one.", "证明来自第 {e} 期，已不是当前期，请重新生成。"],
    ([epoch]) => ({ e: number(epoch) }),
  ],
  TooOld: [
    ["The score is of {date}, too old for this lender. Wait for the next epoch.", "评分数据截至 {date}，对该出借方已过期，请等待下一期。"],
    ([snapshot]) => ({ date: at(snapshot) }),
  ],
  NoRoot: [["No epoch can be used on the chain at present. Try again later.", "链上目前没有可用的一期，请稍后再试。"]],
  NewerPosted: [
    ["A newer score of yours stands on the chain, of epoch {e}. Nothing is to be done.", "链上已有您更新的评分（第 {e} 期），无需操作。"],
    ([, posted]) => ({ e: number(posted) }),
  ],
  Insufficient: [["There is no score to put on the chain in this epoch.", "本期没有可写入链上的评分。"]],
  ScoreNotProven: [["The contract does not accept this score. Reload the page, then try again.", "合约不接受此评分，请刷新页面后重试。"]],
  AlreadyEnrolled: [["This wallet is enrolled already; its score comes with an epoch that begins after that.", "此钱包已登记，评分将在登记后的下一期给出。"]],
  NotEnrolled: [["This wallet is not enrolled; nothing is to be done.", "此钱包未登记，无需操作。"]],
  AlreadyDisputed: [["This item is in dispute already. Wait for the answer.", "此项已在异议处理中，请等待答复。"]],
  TooManyDisputes: [
    ["You have {n} open disputes, the most there can be. Wait for an answer.", "您已有 {n} 项异议处理中，已达上限，请等待答复。"],
    ([, n]) => ({ n: number(n) }),
  ],
};

/** One sentence for a custom error, its name and values where the table has none. `decimals`: of the coin that is lent. */
export function refusal(name: string, given: readonly unknown[], decimals?: number): string {
  const told = TABLE[name];
  if (!told) return say(["Refused by the contract: {why}", "合约拒绝：{why}"], { why: `${name}(${given.join(", ")})` });
  return say(told[0], told[1]?.(given, decimals) ?? {});
}
