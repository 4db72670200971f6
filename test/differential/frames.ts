/** Frames of interest: adverts, gratuitous ARP, unsolicited neighbour advertisements. */

/** What a frame says, apart from what counts or ages. */
export interface Said {
  readonly kind: "advert" | "GARP" | "NA";
  /** Of whom: one virtual router, or one address. */
  readonly about: string;
  /** The frame's bytes as text, with `..` for those that no two senders agree on. */
  readonly bytes: string;
}

const ethernetBytes = 14;

/** Reads a frame; undefined for what is of no interest. */
export function said(frame: Buffer): Said | undefined {
  if (frame.length < ethernetBytes) return undefined;
  const type = frame.readUInt16BE(12);
  if (type === 0x0806) return gratuitousArp(frame);
  if (type === 0x0800) return advert4(frame);
  if (type === 0x86dd) return inIpv6(frame);
  return undefined;
}

/** RFC 5227 §3: to all, sender and target are the same address. Behind 42 bytes there is only padding. */
function gratuitousArp(frame: Buffer): Said | undefined {
  if (
    frame.length < 42 ||
    frame.readUIntBE(0, 6) !== 0xffffffffffff ||
    !frame.subarray(28, 32).equals(frame.subarray(38, 42))
  )
    return undefined;
  const address = [...frame.subarray(28, 32)].join(".");
  return { kind: "GARP", about: address, bytes: hex(frame.subarray(0, 42), []) };
}

/** IPv4: protocol 112, alone or behind an authentication header (51). */
function advert4(frame: Buffer): Said | undefined {
  const header = (frame.readUInt8(ethernetBytes) & 15) * 4;
  const protocol = frame.readUInt8(ethernetBytes + 9);
  const length = ethernetBytes + frame.readUInt16BE(ethernetBytes + 2);
  if ((protocol !== 112 && protocol !== 51) || frame.length < length) return undefined;
  const payload = ethernetBytes + header;
  // The identification counts, and the header's checksum covers it.
  const masked: Range[] = [
    [ethernetBytes + 4, 2],
    [ethernetBytes + 10, 2],
  ];
  // RFC 2402 §2: the sequence number, and the digest that covers it.
  if (protocol === 51) masked.push([payload + 8, 16]);
  const pdu = payload + (protocol === 51 ? 24 : 0);
  return advert(frame.subarray(0, length), pdu, masked, [...frame.subarray(30, 34)].join("."));
}

function inIpv6(frame: Buffer): Said | undefined {
  const next = frame.readUInt8(ethernetBytes + 6);
  const pdu = ethernetBytes + 40;
  const to = groups(frame.subarray(38, 54));
  if (next === 112) return advert(withoutFlow(frame), pdu, [], to);
  const unsolicited = frame.length >= pdu + 24 && (frame.readUInt8(pdu + 4) & 0x40) === 0;
  if (next !== 58 || frame.readUInt8(pdu) !== 136 || !unsolicited || !to.startsWith("ff02:"))
    return undefined;
  return { kind: "NA", about: groups(frame.subarray(pdu + 8, pdu + 24)), bytes: hex(frame, []) };
}

/** The flow label is the kernel's choice. */
function withoutFlow(frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeUInt32BE((copy.readUInt32BE(ethernetBytes) & 0xfff00000) >>> 0, ethernetBytes);
  return copy;
}

function advert(frame: Buffer, pdu: number, masked: Range[], to: string): Said | undefined {
  if (frame.length < pdu + 8) return undefined;
  const version = frame.readUInt8(pdu) >> 4;
  return { kind: "advert", about: `VRID ${frame[pdu + 1]} v${version} to ${to}`, bytes: hex(frame, masked) };
}

/** Where bytes begin that are not compared, and how many. */
type Range = readonly [at: number, length: number];

function hex(frame: Buffer, masked: readonly Range[]): string {
  const hidden = (at: number) => masked.some(([from, length]) => at >= from && at < from + length);
  return [...frame].map((byte, at) => (hidden(at) ? ".." : byte.toString(16).padStart(2, "0"))).join("");
}

function groups(bytes: Buffer): string {
  return Array.from({ length: 8 }, (_, at) => bytes.readUInt16BE(2 * at).toString(16)).join(":");
}
