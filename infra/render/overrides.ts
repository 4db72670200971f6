/** Keywords that the site gives by name: they replace a derived line of their block, or come after the derived ones. */
import type { Keywords } from "../model/scalars.ts";
import { conf } from "./escape.ts";
import { column, nothing } from "./layout.ts";

export class Overrides {
  readonly #left: Map<string, Keywords[string]>;

  constructor(keywords: Keywords) {
    this.#left = new Map(Object.entries(keywords));
  }

  /** The line for `keyword` where the site has one, which is then done; else undefined. */
  take(keyword: string): string | undefined {
    const value = this.#left.get(keyword);
    if (value === undefined) return undefined;
    this.#left.delete(keyword);
    return written(keyword, value);
  }

  /** Those that replaced nothing. */
  rest(): string {
    const lines = [...this.#left].map(([keyword, value]) => written(keyword, value));
    this.#left.clear();
    return lines.length === 0 ? nothing : lines.join("\n");
  }
}

function written(keyword: string, value: Keywords[string]): string {
  if (value === false) return nothing;
  if (value === true) return keyword;
  if (Array.isArray(value)) return [`${keyword} {`, ...value.map(words), "}"].join("\n");
  return `${keyword}${column}${words(String(value))}`;
}

/** Words as the language cuts them: at blanks, except in double quotes. */
function words(line: string): string {
  return [...line.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, inQuotes]) => conf(inQuotes ?? word)).join(" ");
}
