/** A quorum that even all servers together don't reach. */
import { finding, type Rule } from "./rule.ts";

const error = finding("quorum-above-weights", "error");

export const quorumAboveWeights: Rule = ({ services }) =>
  services.flatMap(({ name, model, servers }) => {
    const total = servers.reduce((sum, { weight }) => sum + weight, 0);
    if (model.quorum <= total) return [];
    const message = `quorum ${model.quorum} is never reached: all servers together weigh ${total}.`;
    return [error(`services.${name}.quorum`, message, `expected: at most ${total}`)];
  });
