/** A configuration as a tree: enough of the language to read what `understudy show` prints, and most files as they are. */

/** One line, or one block with its lines. */
export interface Line {
  readonly words: readonly string[];
  /** Undefined where there are no braces. */
  readonly block?: readonly Line[];
}

/** Reads a text. What it does not understand (`$`, `@`, `~`, `include`) are words like others. */
export function parse(text: string): Line[] {
  const tokens = tokenize(text);
  let at = 0;
  const lines = (): Line[] => {
    const found: Line[] = [];
    let words: string[] = [];
    const finish = (block?: Line[]) => {
      if (words.length > 0) found.push(block ? { words, block } : { words });
      words = [];
    };
    while (at < tokens.length) {
      const token = tokens[at++];
      if (token === undefined || token.kind === "close") break;
      if (token.kind === "word") words.push(token.text);
      else if (token.kind === "open") finish(lines());
      // The brace of a block may stand on a line of its own.
      else if (!opens(tokens, at)) finish();
    }
    finish();
    return found;
  };
  return lines();
}

interface Token {
  readonly kind: "word" | "open" | "close" | "end";
  readonly text: string;
}

function opens(tokens: readonly Token[], from: number): boolean {
  let at = from;
  while (tokens[at]?.kind === "end") at++;
  return tokens[at]?.kind === "open";
}

function tokenize(text: string): Token[] {
  return text.split(/\r?\n/).flatMap((line): Token[] => {
    const found: Token[] = [];
    for (const match of line.matchAll(/"((?:[^"\\]|\\.)*)"|([{}])|[#!].*|([^\s"{}#!]+)/g)) {
      const [, quoted, brace, bare] = match;
      if (brace) found.push({ kind: brace === "{" ? "open" : "close", text: brace });
      else if (quoted !== undefined || bare !== undefined)
        found.push({ kind: "word", text: quoted ?? bare ?? "" });
    }
    return [...found, { kind: "end", text: "" }];
  });
}

/** All lines and blocks of these names, in order, wherever they stand in blocks of blocks. */
export function all(lines: readonly Line[], ...names: string[]): Line[] {
  return lines.flatMap((line) => [
    ...(names.includes(line.words[0] ?? "") ? [line] : []),
    ...(line.block ? all(line.block, ...names) : []),
  ]);
}

/** The words behind the last line of that name directly in a block. */
export function value(lines: readonly Line[] | undefined, name: string): readonly string[] | undefined {
  return lines?.findLast((line) => line.words[0] === name)?.words.slice(1);
}

/** The entries of list blocks of these names: one per line. */
export function entries(lines: readonly Line[], ...names: string[]): (readonly string[])[] {
  return all(lines, ...names).flatMap((found) => (found.block ?? []).map((line) => line.words));
}
