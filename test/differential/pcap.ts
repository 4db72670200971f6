/** Reads what `tcpdump -w` has written. */

const headerBytes = 24;
const recordBytes = 16;

/** The frames of a capture file; the last one is left out while it is being written. */
export function framesOf(file: Buffer): Buffer[] {
  if (file.length < headerBytes) return [];
  const magic = file.readUInt32LE(0);
  if (magic !== 0xa1b2c3d4 && magic !== 0xa1b23c4d)
    throw new Error(`no capture: it begins with ${magic.toString(16)}`);
  const frames: Buffer[] = [];
  for (let at = headerBytes; at + recordBytes <= file.length; ) {
    const length = file.readUInt32LE(at + 8);
    const from = at + recordBytes;
    if (from + length > file.length) break;
    frames.push(file.subarray(from, from + length));
    at = from + length;
  }
  return frames;
}
