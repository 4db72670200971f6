/** The shell functions that run on a host, read once. */
import { readFileSync } from "node:fs";

const load = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");

export const inventoryLibrary = load("inventory.sh");
export const applyLibrary = load("apply.sh");
export const factsLibrary = load("facts.sh");
export const proofLibrary = load("proof.sh");
export const statusLibrary = load("status.sh");
