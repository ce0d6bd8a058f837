// A model card's Markdown as blocks to be shown as text: headings, lists, tables, paragraphs. What is anything else stays text.

export type Block =
  | { kind: "heading"; level: number; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "table"; names: string[]; rows: string[][] }
  | { kind: "text"; text: string };

/** Headings of model cards (models/training/card.py) in Chinese; the text below them is English. */
const CHINESE: Record<string, string> = {
  "For whom": "适用对象",
  "Not for": "不适用于",
  Limits: "局限",
  Data: "数据",
  "Figures on loans it has not seen": "对未见过的借款的检验结果",
  Segments: "分组",
  Calibration: "校准",
  Ranking: "排序能力",
  "By month": "按月结果",
  Fairness: "公平性",
  Drift: "总体稳定性",
  "Sign-off": "签署",
};

const TITLE = /^Model card: (.*)$/;

/** A heading in Chinese; null where the card has another one. */
export function inChinese(heading: string): string | null {
  const name = TITLE.exec(heading)?.[1];
  return name === undefined ? (CHINESE[heading] ?? null) : `模型说明：${name}`;
}

const RULE = /^\|(\s*:?-{3,}:?\s*\|)+$/;

/** The blocks of a card, in order; empty lines part them. */
export function blocks(markdown: string): Block[] {
  return markdown.trim().split(/\n\s*\n/).map(block);
}

function block(part: string): Block {
  const lines = part.split("\n");
  const heading = /^(#{1,6}) (.*)$/.exec(part);
  if (heading) return { kind: "heading", level: heading[1]!.length, text: heading[2]! };
  if (lines.every((line) => line.startsWith("- "))) return { kind: "list", items: lines.map((line) => line.slice(2)) };
  if (lines.length > 1 && lines.every((line) => line.startsWith("|")) && RULE.test(lines[1]!.trim())) {
    const [names, , ...rows] = lines.map(cells);
    return { kind: "table", names: names!, rows };
  }
  return { kind: "text", text: part.replace(/^\*(.*)\*$/s, "$1") };
}

/** The cells of a row; a bar within a cell is written \|. */
function cells(line: string): string[] {
  return line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}
