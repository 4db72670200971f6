/** The configuration language's rules for words, written from its description: comments, braces, quotes, blanks. */

/** Logical lines of a text, each cut into words; braces are lines of their own. */
export function confLines(text: string): string[][] {
  return text
    .split("\n")
    .flatMap((raw) => splitBraces(withoutComment(raw).trim()))
    .map(words)
    .filter((line) => line.length > 0);
}

function withoutComment(line: string): string {
  let kept = "";
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const sign = line[i]!;
    if (sign === "\\" && i + 1 < line.length) {
      const escaped = line[++i]!;
      kept += !quoted && (escaped === "!" || escaped === "#") ? escaped : sign + escaped;
      continue;
    }
    if (sign === '"') quoted = !quoted;
    if (!quoted && (sign === "!" || sign === "#")) break;
    kept += sign;
  }
  return kept;
}

function splitBraces(line: string): string[] {
  const parts: string[] = [];
  let part = "";
  let quoted = false;
  for (const sign of line) {
    if (sign === '"') quoted = !quoted;
    if (!quoted && (sign === "{" || sign === "}")) {
      parts.push(part, sign);
      part = "";
    } else part += sign;
  }
  return [...parts, part];
}

function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|[^\s"]+/g)].map(([word, inQuotes]) => inQuotes ?? word);
}

/** The second cut that commands get: single and double quotes, anywhere in a word; backslashes are honoured. */
export function argvOf(command: string): string[] {
  const argv: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let i = 0; i < command.length; i++) {
    const sign = command[i]!;
    if (quote === "" && /\s/.test(sign)) {
      if (word !== undefined) argv.push(word);
      word = undefined;
    } else if (quote === "" && (sign === "'" || sign === '"')) {
      quote = sign;
      word ??= "";
    } else if (sign === quote) {
      quote = "";
    } else {
      word = (word ?? "") + (sign === "\\" ? command[++i]! : sign);
    }
  }
  if (word !== undefined) argv.push(word);
  return argv;
}
