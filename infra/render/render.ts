/** Plans to files: every text that lands on a host, from the templates that are handed in. Reads and writes nothing. */
import Handlebars from "handlebars";
import { didYouMean } from "../model/suggest.ts";
import type { FilePlan, HostPlan } from "../plan/host-plan.ts";
import { paths } from "../plan/paths.ts";
import type { HostFile } from "../provider/host/schema.ts";
import { command, conf, nft, sh } from "./escape.ts";
import { column, layout, nothing } from "./layout.ts";
import { Overrides } from "./overrides.ts";
import { engineView, hostView, type View } from "./view.ts";

/** Texts of `templates/` by their path in it without `.hbs`, as `engine.conf`, `partials/vrrp_script`, `scripts/x.sh`. */
export type Templates = ReadonlyMap<string, string>;

/** A template is missing, or its view is; says which. */
export class RenderError extends Error {
  override name = "RenderError";
}

/** All files of one host by their path there. Secrets stand in them as `@@name@@`. */
export function render(plan: HostPlan, templates: Templates): Record<string, HostFile> {
  const fill = filler(templates);
  const host = hostView(plan);
  const files: Record<string, HostFile> = {
    [paths.sysctl]: rootFile(fill("sysctl.conf", host)),
    [paths.rules]: rootFile(fill("rules.nft", host)),
    [paths.networkUnit]: rootFile(fill("understudy-network.service", host)),
  };
  if (plan.openFirewall !== "none")
    files[paths.openFirewall] = { ...rootFile(fill("open-firewall.sh", host)), mode: "0755" };
  if (plan.engine !== undefined) {
    files[paths.unit] = rootFile(fill("understudy.service", host));
    // Not readable for everybody: it can hold the VRRP password.
    const text = layout(fill("engine.conf", engineView(plan, plan.engine)));
    files[paths.config] = { content: text, mode: "0600", owner: "root:root" };
  }
  for (const file of plan.files) files[file.path] = fileOf(file, plan, fill);
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function rootFile(content: string): HostFile {
  return { content, mode: "0644", owner: "root:root" };
}

function fileOf({ source, mode, owner }: FilePlan, plan: HostPlan, fill: Fill): HostFile {
  const content =
    "text" in source
      ? source.text
      : fill(source.template, { site: plan.site, host: plan.name, ...source.values });
  return { content: content.endsWith("\n") ? content : `${content}\n`, mode, owner };
}

type Fill = (template: string, view: View) => string;

function filler(templates: Templates): Fill {
  const handlebars = Handlebars.create();
  registerHelpers(handlebars);
  for (const [name, text] of templates) {
    if (name.startsWith("partials/")) handlebars.registerPartial(name.slice("partials/".length), text);
  }
  return (name, view) => {
    const text = templates.get(name);
    if (text === undefined) {
      const known = [...templates.keys()].filter((key) => !key.startsWith("partials/"));
      throw new RenderError(`no template \`${name}\`: ${didYouMean(name, known)}`);
    }
    try {
      return handlebars.compile(text, { strict: true, noEscape: true })(view);
    } catch (error) {
      throw new RenderError(`template ${name}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  };
}

/** Text that is in the language already. */
const { SafeString } = Handlebars;

function registerHelpers(handlebars: typeof Handlebars): void {
  handlebars.registerHelper({
    sh: (value: string | number) => sh(value),
    shwords: (words: readonly (string | number)[]) => words.map(sh).join(" "),
    conf: (value: string | number) => conf(value),
    words: (words: readonly (string | number)[]) => new SafeString(words.map(conf).join(" ")),
    command: (argv: readonly string[]) => new SafeString(command(argv)),
    placeholder: (name: string) => new SafeString(`"@@${name}@@"`),
    nft: (value: string) => nft(value),
    seconds: (ms: number | null) => (ms === null ? null : Number((ms / 1000).toFixed(6))),
    /** A keyword and its words, aligned with its neighbours; none when a word is `null`; the site's own one, if any. */
    line(this: View, keyword: string, ...rest: unknown[]): string {
      const own = this.overrides instanceof Overrides ? this.overrides.take(keyword) : undefined;
      if (own !== undefined) return own;
      const words = rest.slice(0, -1);
      if (words.some((word) => word === null)) return nothing;
      return `${keyword}${column}${words.map(wordOf).join(" ")}`;
    },
    /** A keyword without words, or nothing. */
    flag(this: View, keyword: string, isSet: boolean): string {
      const own = this.overrides instanceof Overrides ? this.overrides.take(keyword) : undefined;
      return own ?? (isSet ? keyword : nothing);
    },
    /** What the site gives by name and no line above has. */
    others(this: View): string {
      return this.overrides instanceof Overrides ? this.overrides.rest() : nothing;
    },
  });
}

function wordOf(word: unknown): string {
  if (word instanceof SafeString) return word.toString();
  if (typeof word === "string" || typeof word === "number") return conf(word);
  throw new RenderError(`${JSON.stringify(word)} is no word`);
}
