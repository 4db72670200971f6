/** Words for a POSIX shell. */

/** One word of a shell's command line, whatever is in it; quoted only where needed. */
export function quote(word: string): string {
  // Not `=`: the first word of a command would become an assignment.
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
