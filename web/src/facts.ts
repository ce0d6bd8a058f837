// What kinds of facts there are, and what became of them, in words; names as in models/record.py.

import { say, type Pair } from "./language.svelte";

const KINDS: Record<string, Pair> = {
  loan: ["Loan", "借款"],
  invoice: ["Receivable", "应收账款"],
  payment: ["Payment", "收付款"],
  deposit: ["Deposit", "存款"],
};

const OUTCOMES: Record<string, Pair> = {
  open: ["open", "未到期"],
  repaid: ["repaid", "已还清"],
  late: ["repaid late", "逾期后还清"],
  overdue: ["overdue", "逾期"],
  defaulted: ["not repaid", "未还清"],
  liquidated: ["liquidated", "已清算"],
  self_liquidated: ["liquidated by the owner", "本人清算"],
  cancelled: ["given back at once", "已取消"],
  paid: ["paid", "已付清"],
  paid_late: ["paid late", "延迟付清"],
  disputed: ["disputed by the buyer", "买方有异议"],
  issued: ["not accepted yet", "待买方确认"],
  received: ["received", "收到"],
  sent: ["sent", "付出"],
  deposited: ["deposited", "存入"],
  withdrawn: ["withdrawn", "取出"],
};

export const kindOf = (name: string) => (KINDS[name] ? say(KINDS[name]) : name);
export const outcomeOf = (name: string) => (OUTCOMES[name] ? say(OUTCOMES[name]) : name);
