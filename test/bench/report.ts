/** The figures of both engines side by side, and where we lose. */

export type EngineName = "keepalived" | "understudy";

/** What a figure should be. Less is better in all of them. */
export interface Aim {
  /** Of keepalived's figure. */
  ratio?: number;
  /** In the figure's unit. */
  atMost?: number;
}

export interface Figure {
  part: string;
  name: string;
  unit: string;
  aim: Aim;
  keepalived?: number;
  understudy?: number;
}

/** What a part is given: what to say while it runs, and where its figures go. */
export interface Work {
  say(text: string): void;
  figure(engine: EngineName, name: string, unit: string, value: number, aim?: Aim): void;
  note(text: string): void;
  /** How often something that differs each time is done. */
  rounds: number;
}

export class Report {
  readonly figures: Figure[] = [];
  readonly notes: string[] = [];

  work(part: string, rounds: number, say: (text: string) => void): Work {
    return {
      say: (text) => say(`${part}: ${text}`),
      figure: (engine, name, unit, value, aim = {}) => {
        const known = this.figures.find((one) => one.part === part && one.name === name);
        const figure: Figure = known ?? { part, name, unit, aim };
        if (known === undefined) this.figures.push(figure);
        figure[engine] = value;
      },
      note: (text) => this.notes.push(`${part}: ${text}`),
      rounds,
    };
  }

  text(): string {
    const line = (...cells: string[]) =>
      cells.map((cell, at) => (at === 0 ? cell.padEnd(70) : cell.padStart(12))).join("");
    const rows = this.figures.map((figure) =>
      line(
        `${figure.part}: ${figure.name}, ${figure.unit}`,
        number(figure.keepalived),
        number(figure.understudy),
        ratioOf(figure)?.toFixed(2) ?? "-",
        aimOf(figure.aim),
      ),
    );
    const table = [line("", "keepalived", "understudy", "ratio", "aim"), ...rows];
    return [...table, "", ...this.notes, ...this.verdict()].join("\n");
  }

  json(): string {
    const figures = this.figures.map((figure) => ({
      ...figure,
      ratio: ratioOf(figure),
      missed: missed(figure),
      loses: loses(figure),
    }));
    return JSON.stringify({ figures, notes: this.notes }, undefined, 2);
  }

  /** The last lines: what was aimed at and missed, and where keepalived is better. */
  private verdict(): string[] {
    const name = ({ part, name }: Figure) => `${part}: ${name}`;
    const list = (figures: Figure[]) => figures.map(name).join("; ") || "nowhere";
    return [
      `aims missed: ${list(this.figures.filter(missed))}`,
      `where we lose: ${list(this.figures.filter(loses))}`,
    ];
  }
}

function ratioOf({ keepalived, understudy }: Figure): number | undefined {
  return keepalived && understudy !== undefined ? understudy / keepalived : undefined;
}

function missed(figure: Figure): boolean {
  const { ratio, atMost } = figure.aim;
  const found = ratioOf(figure);
  return (
    (ratio !== undefined && found !== undefined && found > ratio) ||
    (atMost !== undefined && figure.understudy !== undefined && figure.understudy > atMost)
  );
}

/** Worse than keepalived by more than what one run differs from the next. */
function loses(figure: Figure): boolean {
  const ratio = ratioOf(figure);
  return ratio !== undefined && ratio > 1.05;
}

function aimOf({ ratio, atMost }: Aim): string {
  const words = [ratio === undefined ? [] : `x ${ratio}`, atMost === undefined ? [] : `<= ${atMost}`].flat();
  return words.join(", ");
}

function number(value: number | undefined): string {
  return value === undefined ? "-" : value.toFixed(value < 100 ? 1 : 0);
}

/** The smallest value that at least `share` of the values do not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
