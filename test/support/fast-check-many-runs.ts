/** fast-check with `assert` and `check` that run as often as FUZZ_RUNS says (loaded through fuzz-runs.ts only). */
import fc from "fast-check";

// biome-ignore lint/performance/noBarrelFile: it stands in for the whole of another module.
export * from "fast-check";

const numRuns = Number(process.env.FUZZ_RUNS);

/** As fast-check's `assert`, with the number of runs replaced. */
export const assert = ((property: fc.IRawProperty<unknown>, parameters?: fc.Parameters<unknown>) =>
	fc.assert(property, { ...parameters, numRuns })) as typeof fc.assert;

/** As fast-check's `check`, with the number of runs replaced. */
export const check = ((property: fc.IRawProperty<unknown>, parameters?: fc.Parameters<unknown>) =>
	fc.check(property, { ...parameters, numRuns })) as typeof fc.check;

// biome-ignore lint/style/noDefaultExport: fast-check has one, and tests use it.
export default { ...fc, assert, check };
