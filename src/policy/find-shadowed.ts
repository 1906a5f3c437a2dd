/** Policies that can never match, because those before them match all that they do. */
import { areApart, differenceOf, intersectionOf } from "#policy/intervals.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";
import { type Region, regionNames, regionOf } from "#policy/policy-region.ts";

/** A policy without effect, and those that take its connections. */
export interface Shadowed {
	readonly policy: OrderedPolicy;
	readonly coveredBy: readonly OrderedPolicy[];
}

/**
 * What is named never matches a connection between known zones; what is not named may still not, where masks with holes or names of hosts decide. A policy
 * with a scheduler covers nothing, for it does not always hold.
 *
 * Bounds: `maxSteps` comparisons of two regions in all, `maxPieces` pieces of a region; beyond, nothing more is named.
 */
export function findShadowed(policies: readonly OrderedPolicy[], maxSteps = 2_000_000): readonly Shadowed[] {
	const names = regionNames(policies);
	const before: { readonly policy: OrderedPolicy; readonly region: Region }[] = [];
	const found: Shadowed[] = [];
	let steps = 0;
	for (const policy of policies) {
		const target = regionOf(policy, names, "most");
		let pieces: readonly Region[] = isEmpty(target) ? [] : [target];
		const coveredBy: OrderedPolicy[] = [];
		for (const earlier of before) {
			if (pieces.length === 0 || pieces.length > maxPieces || steps > maxSteps) break;
			steps += pieces.length;
			if (pieces.every((piece) => isApart(piece, earlier.region))) continue;
			const left = pieces.flatMap((piece) => subtract(piece, earlier.region));
			if (left.length !== pieces.length || left.some((piece, index) => piece !== pieces[index])) {
				coveredBy.push(earlier.policy);
			}
			pieces = left;
		}
		if (pieces.length === 0 && coveredBy.length > 0) found.push({ policy, coveredBy });
		else if (policy.schedule === undefined) before.push({ policy, region: regionOf(policy, names, "least") });
	}
	return found;
}

/** Most policies differ in their servers or clients: those are looked at first. */
function isApart(region: Region, other: Region): boolean {
	return sidesByChoice.some((side) => areApart(region[side] ?? [], other[side] ?? []));
}

/** The parts of `region` outside `other`, which do not overlap; `region` itself when the two have nothing in common. */
function subtract(region: Region, other: Region): readonly Region[] {
	const common = region.map((side, index) => intersectionOf(side, other[index] ?? []));
	if (isEmpty(common)) return [region];
	const parts: Region[] = [];
	for (const [index, side] of region.entries()) {
		const outside = differenceOf(side, other[index] ?? []);
		if (outside.length === 0) continue;
		parts.push([...common.slice(0, index), outside, ...region.slice(index + 1)]);
	}
	return parts;
}

function isEmpty(region: Region): boolean {
	return region.some((side) => side.length === 0);
}

/** Destinations, sources, applications, zones. */
const sidesByChoice = [3, 2, 4, 0, 1];
const maxPieces = 2_000;
