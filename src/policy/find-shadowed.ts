/** Policies that can never match, because those before them match all that they do. */
import { areApart, differenceOf, intersectionOf } from "#policy/intervals.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";
import { firstIpv4, type Region, regionNames, regionOf } from "#policy/policy-region.ts";

/** A policy without effect, and those that take its connections. */
export interface Shadowed {
	readonly policy: OrderedPolicy;
	readonly coveredBy: readonly OrderedPolicy[];
}

/** What was found, and from which policy on nothing was looked for any more. */
export interface ShadowSearch {
	readonly found: readonly Shadowed[];
	readonly endedBefore: OrderedPolicy | undefined;
}

/**
 * What is named never matches a connection between known zones; what is not named may still not, where masks with holes or
 * names of hosts decide. A policy with a scheduler covers nothing, for it does not always hold.
 *
 * Bounds: `maxSteps` subtractions of one region from another in all, `maxPieces` pieces of a region, `maxPairs` pairs of
 * policies, which is all of them among 6,300. A pair that has nothing in common costs a few comparisons of numbers.
 */
export function findShadowed(policies: readonly OrderedPolicy[], maxSteps = 100_000): ShadowSearch {
	const names = regionNames(policies);
	const before: { readonly policy: OrderedPolicy; readonly region: Region }[] = [];
	/** The boxes of those before, one behind the other. */
	const boxes = new Float64Array(policies.length * boxLength);
	const found: Shadowed[] = [];
	let steps = 0;
	let pairs = 0;
	for (const policy of policies) {
		const target = regionOf(policy, names, "most");
		const targetBox = boxOf(target);
		let pieces: readonly Region[] = isEmpty(target) ? [] : [target];
		const coveredBy: OrderedPolicy[] = [];
		pairs += before.length;
		if (pairs > maxPairs) return { found, endedBefore: policy };
		for (let index = 0; index < before.length; index++) {
			if (pieces.length === 0 || pieces.length > maxPieces) break;
			if (!mayMeet(targetBox, boxes, index * boxLength)) continue;
			const earlier = before[index] as (typeof before)[number];
			steps += pieces.length;
			if (steps > maxSteps) return { found, endedBefore: policy };
			if (pieces.every((piece) => isApart(piece, earlier.region))) continue;
			const left = pieces.flatMap((piece) => subtract(piece, earlier.region));
			if (left.length !== pieces.length || left.some((piece, index) => piece !== pieces[index])) {
				coveredBy.push(earlier.policy);
			}
			pieces = left;
		}
		if (pieces.length === 0 && coveredBy.length > 0) found.push({ policy, coveredBy });
		else if (policy.schedule === undefined) {
			const region = regionOf(policy, names, "least");
			if (isEmpty(region)) continue;
			boxes.set(boxOf(region), before.length * boxLength);
			before.push({ policy, region });
		}
	}
	return { found, endedBefore: undefined };
}

/** The least and the greatest number of each side, rounded outwards; those that policies differ by most often are last. */
function boxOf(region: Region): Float64Array {
	const box = new Float64Array(boxLength);
	for (const [place, index] of boxSides.entries()) {
		const side = region[index] ?? [];
		const origin = index === clientSide || index === serverSide ? firstIpv4 : 0n;
		box[place * 2] = roundedDown((side[0]?.from ?? 0n) - origin);
		box[place * 2 + 1] = -roundedDown(origin - (side.at(-1)?.to ?? 0n));
	}
	return box;
}

/** The number, or one a little less where it has more than 53 bits. */
function roundedDown(number: bigint): number {
	const near = Number(number);
	return BigInt(near) <= number ? near : near - Math.abs(near) * Number.EPSILON;
}

function mayMeet(box: Float64Array, boxes: Float64Array, start: number): boolean {
	for (let at = boxLength - 2; at >= 0; at -= 2) {
		if ((box[at] as number) > (boxes[start + at + 1] as number)) return false;
		if ((boxes[start + at] as number) > (box[at + 1] as number)) return false;
	}
	return true;
}

function isApart(region: Region, other: Region): boolean {
	return boxSides.some((side) => areApart(region[side] ?? [], other[side] ?? []));
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

const maxPieces = 2_000;
const maxPairs = 20_000_000;
/** The places of addresses in a region. Counted from 0.0.0.0, each IPv4 address is a number of its own here too. */
const clientSide = 2;
const serverSide = 3;
const boxSides = [0, 1, 4, clientSide, serverSide] as const;
/** Two numbers for each of the sides. */
const boxLength = boxSides.length * 2;
