/**
 * Loaded before the tests by `npm run fuzz`: every property of fast-check runs FUZZ_RUNS times, whatever number it
 * names itself, with a new seed each time.
 *
 * Tests import "fast-check" as always; this module puts its own in that place.
 */
import { registerHooks } from "node:module";

const replacement = new URL("./fast-check-many-runs.ts", import.meta.url).href;

registerHooks({
	resolve(specifier, context, next) {
		if (specifier !== "fast-check" || context.parentURL === replacement) return next(specifier, context);
		return { url: replacement, shortCircuit: true };
	},
});
