import type { Schema } from "@/api/client";
import type { useSupplyWords } from "./supplyWords";

type Plan = Schema["Plan"];

/** The states in which a buyer decides. */
export const UNDECIDED = new Set(["exception", "escalated"]);

/** Units of a delivery: as ordered, else as answered, else as proposed. */
export function unitsOf(plan: Plan): number {
  const ordered = Object.values(plan.ordered);
  const answered = Object.values(plan.answer?.lines ?? {});
  const proposed = plan.lines.map((line) => line.quantity);
  const units = [ordered, answered].find((each) => each.length > 0) ?? proposed;
  return Math.round(units.reduce((sum, each) => sum + each, 0) * 1000) / 1000;
}

/** What a delivery costs in fen, as far as prices are known; null if none is. */
export function costOf(plan: Plan): number | null {
  const priced = plan.lines.filter((line) => line.price !== null);
  if (priced.length === 0) return null;
  const units = (line: Plan["lines"][number]) =>
    (Object.keys(plan.ordered).length > 0 ? plan.ordered[line.sku] : plan.answer?.lines[line.sku]) ??
    (Object.keys(plan.ordered).length > 0 ? 0 : line.quantity);
  return Math.round(priced.reduce((sum, line) => sum + (line.price ?? 0) * units(line), 0));
}

/** Why a buyer decides, in words. */
export function exceptionsOf(plan: Plan, words: ReturnType<typeof useSupplyWords>): string[] {
  return plan.exceptions.map((each) => {
    const [kind = "", sku = ""] = each.split(/:(.*)/s);
    return words.exceptions(kind, plan.names[sku] ?? sku);
  });
}
