/** The scenarios by name; `npm start -- s2`. */
import { s2 } from "./s2.ts";
import { s5 } from "./s5.ts";
import type { Scenario } from "./scenario.ts";

export const scenarios: Readonly<Record<string, Scenario>> = { s2, s5 };
