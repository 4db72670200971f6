/** What went over a wire, with the kernel's own times. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Network } from "./network.ts";

/** Times are milliseconds. */
export type Frame =
  | { kind: "advert"; at: number; from: string; vrid: number; priority: number }
  /** A gratuitous ARP. */
  | { kind: "announcement"; at: number; address: string; mac: string }
  /** A host's answer to a probe. */
  | { kind: "answer"; at: number };

export interface Capture {
  /** Ends it. */
  frames(): Promise<Frame[]>;
}

/** Captures in a namespace, on the CPU that the measured engine is not on. */
export async function capture(net: Network, place: "a" | "b" | "switch", device: string): Promise<Capture> {
  const folder = mkdtempSync(join(tmpdir(), "understudy-capture-"));
  const file = join(folder, "pcap");
  const filter = "ip proto 112 or arp or icmp";
  const options = ["-n", "-q", "-i", device, "-w", file, "-s", "96", "-B", "16384", "--nano", "-Z", "root"];
  const child = spawn("ip", ["netns", "exec", net.of(place), "tcpdump", ...options, filter], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  let said = "";
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (data: Buffer) => {
      said += data.toString();
      if (said.includes("listening on")) resolve();
    });
    child.on("error", reject);
    void ended.then(() => reject(new Error(`tcpdump: ${said}`)));
  });
  return {
    async frames() {
      child.kill("SIGINT");
      await ended;
      const lost = /(\d+) packets? dropped by kernel/.exec(said)?.[1] ?? "0";
      if (lost !== "0") throw new Error(`tcpdump lost ${lost} packets: the figures would be wrong`);
      const frames = read(readFileSync(file));
      rmSync(folder, { recursive: true });
      return frames;
    },
  };
}

/** pcap: a header of 24 bytes, then for each frame seconds, nanoseconds, length here, length there. */
export function read(pcap: Buffer): Frame[] {
  if (pcap.readUInt32LE(0) !== 0xa1b23c4d) throw new Error("not the file that tcpdump --nano writes");
  const frames: Frame[] = [];
  for (let at = 24; at + 16 <= pcap.length; ) {
    const time = pcap.readUInt32LE(at) * 1000 + pcap.readUInt32LE(at + 4) / 1e6;
    const length = pcap.readUInt32LE(at + 8);
    const frame = decode(time, pcap.subarray(at + 16, at + 16 + length));
    if (frame) frames.push(frame);
    at += 16 + length;
  }
  return frames;
}

function decode(at: number, ethernet: Buffer): Frame | undefined {
  const body = ethernet.subarray(14);
  const ip = (from: number) => body.subarray(from, from + 4).join(".");
  if (ethernet.readUInt16BE(12) === 0x0806) {
    const [sender, target] = [ip(14), ip(24)];
    if (sender !== target) return undefined;
    return { kind: "announcement", at, address: sender, mac: body.toString("hex", 8, 14) };
  }
  const start = ((body[0] ?? 0) & 15) * 4;
  if (body[9] === 1) return body[start] === 3 ? { kind: "answer", at } : undefined;
  if (body[9] !== 112) return undefined;
  return { kind: "advert", at, from: ip(12), vrid: body[start + 1] ?? 0, priority: body[start + 2] ?? 0 };
}

export type AdvertFrame = Extract<Frame, { kind: "advert" }>;

/** The times of the adverts of each virtual router, from one host. */
export function beats(frames: readonly Frame[], from: string): Map<number, number[]> {
  const all = new Map<number, number[]>();
  for (const frame of frames) {
    if (frame.kind !== "advert" || frame.from !== from) continue;
    const times = all.get(frame.vrid);
    if (times) times.push(frame.at);
    else all.set(frame.vrid, [frame.at]);
  }
  return all;
}

/** The times between them. */
export const intervals = (times: readonly number[]): number[] =>
  times.slice(1).map((time, at) => time - (times[at] ?? time));
