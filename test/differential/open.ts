/** Files that still differ, for a keyword that is still to come. `npm run differential` tells how. */
export const open: readonly string[] = ["packets-unicast-old-checksum"];
