import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** What needs the demo's story to be told comes last, what ends the API last of all. */
const LAST = ["desk", "voice", "trade", "work", "roles", "live", "plays", "fall"];

export default class Order extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (file: TestSpecification) => LAST.indexOf(basename(file.moduleId, ".test.ts"));
    return Promise.resolve(
      files.toSorted((one, other) => place(one) - place(other) || one.moduleId.localeCompare(other.moduleId)),
    );
  }
}
