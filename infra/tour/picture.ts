/** The tour's lines as a picture (SVG): what README.md shows, drawn from a real run. */
import { formatSeconds } from "../machine/progress.ts";
import type { StepResult } from "./steps.ts";

const font = { width: 8.4, line: 22, size: 14 };
const margin = 18;
const columns = { mark: 0, name: 2, detail: 24, seconds: 100 };

/** Draws the steps, and `ending` below them. */
export function drawSteps(command: string, steps: readonly StepResult[], ending: string): string {
  const rows = [
    text(0, 0, `$ ${command}`, "#8b949e"),
    ...steps.flatMap((step, at) => drawStep(step, at + 1)),
    text(columns.mark, steps.length + 1, ending, "#8b949e"),
  ];
  const width = Math.ceil(margin * 2 + (columns.seconds + 8) * font.width);
  const height = margin * 2 + (steps.length + 2) * font.line;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="${font.size}">`,
    `<title>${xml(`${command}: ${ending}`)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function drawStep(step: StepResult, row: number): string[] {
  const [mark, colour] = step.ok ? ["✔", "#3fb950"] : ["✘", "#f85149"];
  return [
    text(columns.mark, row, mark, colour),
    text(columns.name, row, step.name, "#e6edf3"),
    text(columns.detail, row, step.detail.split("\n")[0] ?? "", "#c9d1d9"),
    text(columns.seconds, row, formatSeconds(step.seconds).padStart(7), "#8b949e"),
  ];
}

function text(column: number, row: number, words: string, colour: string): string {
  const x = (margin + column * font.width).toFixed(1);
  const y = margin + font.size + row * font.line;
  return `<text x="${x}" y="${y}" fill="${colour}" xml:space="preserve">${xml(words)}</text>`;
}

const xml = (words: string): string =>
  words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
