/** Words for the two languages that land on a host: the shell's and the engine configuration's. */

/** The user's text can't be written in the language; the model refuses most of it earlier, with a place. */
export class EscapeError extends Error {
  override name = "EscapeError";
}

/** One word for `sh`, quoted only where needed. */
export function sh(value: string | number): string {
  const text = String(value);
  if (text.includes("\0")) throw new EscapeError("a NUL byte cannot be in a shell word");
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Names that the language replaces even inside quotes. */
const predefined = /\$\{?_(PWD|INSTANCE|RANDOM|ENV|HASH|BANG)/;

/**
 * One word for the engine's configuration, quoted only where needed. In quotes nothing is special, so that there is no
 * way to write a quote itself, nor a backslash before the closing one.
 */
export function conf(value: string | number): string {
  const text = String(value);
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(text) && !text.startsWith("@")) return text;
  if (/["\p{Cc}]/u.test(text) || text.endsWith("\\")) {
    throw new EscapeError(`${JSON.stringify(text)} cannot be written in the engine's configuration`);
  }
  if (predefined.test(text)) {
    throw new EscapeError(`${JSON.stringify(text)} holds a name that the configuration replaces`);
  }
  return `"${text}"`;
}

/** A program with its arguments as one word: the language cuts it a second time, where single quotes count too. */
export function command(argv: readonly (string | number)[]): string {
  const words = argv.map(String).map((word) => {
    if (/['\\]/.test(word)) {
      throw new EscapeError(`${JSON.stringify(word)} cannot be an argument in the engine's configuration`);
    }
    return /^[A-Za-z0-9_./:@%+,=!-]+$/.test(word) ? word : `'${word}'`;
  });
  const text = words.join(" ");
  return words.length === 1 ? conf(text) : quoted(text);
}

function quoted(text: string): string {
  const word = conf(text);
  return word.startsWith('"') ? word : `"${word}"`;
}

/** A string of nftables, always in quotes. */
export function nft(value: string): string {
  if (/["\\\p{Cc}]/u.test(value))
    throw new EscapeError(`${JSON.stringify(value)} cannot be a string of nftables`);
  return `"${value}"`;
}
