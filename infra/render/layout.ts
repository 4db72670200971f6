/** The engine's configuration as a careful person lays it out: indented by its braces, values in a column. */

/** Stands for a line that has nothing to say; taken out with its line break. */
export const nothing = "\u0001";
/** Stands between a keyword and its value, where the column begins. */
export const column = "\u0002";

export function layout(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const raw of text.split("\n")) {
    const line = raw.trim();
    if (line === nothing || (line === "" && (lines.at(-1) ?? "") === "")) continue;
    const { opens, closes } = braces(line);
    if (line.startsWith("}")) depth -= 1;
    lines.push(line === "" ? "" : " ".repeat(4 * depth) + line);
    depth += opens - closes + (line.startsWith("}") ? 1 : 0);
  }
  const tidy = lines.filter((line, index) => line !== "" || !/^\s*\}/.test(lines[index + 1] ?? ""));
  return `${align(tidy).join("\n").trimEnd()}\n`;
}

/** Braces outside of quotes and comments. */
function braces(line: string): { opens: number; closes: number } {
  const bare = line.replace(/"[^"]*"/g, "").replace(/[#!].*$/, "");
  return { opens: bare.split("{").length - 1, closes: bare.split("}").length - 1 };
}

/** Gives each run of neighbouring lines with a column, of one depth, the same column. */
function align(lines: readonly string[]): string[] {
  const aligned: string[] = [];
  let run: string[] = [];
  const flush = () => {
    const width = Math.max(0, ...run.map((line) => line.indexOf(column)));
    for (const line of run) {
      const [keyword = "", ...value] = line.split(column);
      aligned.push(`${keyword.padEnd(width)} ${value.join(" ")}`.trimEnd());
    }
    run = [];
  };
  for (const line of lines) {
    const sameDepth = run[0] === undefined || run[0].search(/\S/) === line.search(/\S/);
    if (!line.includes(column) || !sameDepth) flush();
    if (line.includes(column)) run.push(line);
    else aligned.push(line);
  }
  flush();
  return aligned;
}
