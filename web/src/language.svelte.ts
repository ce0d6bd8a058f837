// Which language people see: the browser's at first, then what they chose; remembered on this device only.

export type Language = "en" | "zh";

const KEY = "language";

function first(): Language {
  const kept = localStorage.getItem(KEY);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

class Choice {
  now = $state<Language>(first());

  choose(language: Language): void {
    this.now = language;
    localStorage.setItem(KEY, language);
  }
}

export const language = new Choice();

/** English and Chinese of one text. */
export type Pair = readonly [en: string, zh: string];

/** One text in the language of the moment, with {names} filled in. */
export function say(pair: Pair, values: Record<string, string | number> = {}): string {
  const text = language.now === "zh" ? pair[1] : pair[0];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A time in seconds: 2026-11-23 14:00 UTC+8, 2026年11月23日 14:00（北京时间）. */
export function time(seconds: number): string {
  const at = new Date((seconds + 8 * 3600) * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  const clock = `${two(at.getUTCHours())}:${two(at.getUTCMinutes())}`;
  const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth() + 1, at.getUTCDate()];
  return language.now === "zh" ? `${y}年${m}月${d}日 ${clock}（北京时间）` : `${y}-${two(m)}-${two(d)} ${clock} UTC+8`;
}

/** The day of a time in seconds. */
export function day(seconds: number): string {
  return language.now === "zh" ? time(seconds).split(" ")[0]! : time(seconds).slice(0, 10);
}

/** US dollars of cents. */
export function money(cents: number | null): string {
  if (cents === null) return say(["amount not known", "金额未知"]);
  const dollars = (cents / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return language.now === "zh" ? `${dollars} 美元` : `${dollars} USD`;
}

/** A text that stands alone: its first letter is a capital. */
export const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** Points with their sign: +14, −9. */
export const signed = (points: number) => (points > 0 ? `+${points}` : String(points).replace("-", "−"));

/** 0x12ab…9f3c */
export function short(hex: string): string {
  return hex.length > 14 ? `${hex.slice(0, 6)}…${hex.slice(-4)}` : hex;
}

/** A text whose hashes are shown by their ends. */
export const shortened = (text: string) => text.replace(/0x[0-9a-f]{40,}/g, short);
