/** Policies that can never match, because those before them match all that they do. */
import { IntervalIndex } from "#policy/interval-index.ts";
import { differenceOf, holds, type Interval, intersectionOf } from "#policy/intervals.ts";
import type { OrderedPolicy } from "#policy/order-policies.ts";
import { firstIpv4, type Region, type Regions, regionsOf } from "#policy/policy-region.ts";

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
 * One connection that no policy before it takes shows that a policy has an effect. What the taker of a connection matches
 * is no such sign any more; when nothing is left, the policy has none.
 *
 * Bounds: `maxSteps` subtractions of one region from another in all, `maxPieces` pieces of a region, `maxPairs` questions
 *         whether one policy matches a connection.
 */
export function findShadowed(policies: readonly OrderedPolicy[], maxSteps = 100_000): ShadowSearch {
	const regions = policies.map(regionsOf);
	const work: Work = { steps: maxSteps, pairs: maxPairs };
	const earlier = new EarlierPolicies(regions, work);
	const found: Shadowed[] = [];
	for (const [index, policy] of policies.entries()) {
		const { most, least } = regions[index] as Regions;
		const takers = takersOf(most, earlier, work);
		if (work.steps < 0 || work.pairs < 0) return { found, endedBefore: policy };
		if (takers !== undefined)
			found.push({ policy, coveredBy: takers.map((taker) => policies[taker] as OrderedPolicy) });
		else if (policy.schedule === undefined && !isEmpty(least)) earlier.add(index);
	}
	return { found, endedBefore: undefined };
}

/** What may still be done. */
interface Work {
	steps: number;
	pairs: number;
}

/** The policies, by their places, that together take all of a region; undefined when something of it is left to itself. */
function takersOf(target: Region, earlier: EarlierPolicies, work: Work): readonly number[] | undefined {
	if (isEmpty(target)) return undefined;
	const takers: number[] = [];
	let pieces: readonly Region[] = [target];
	for (let piece = pieces[0]; piece !== undefined; piece = pieces[0]) {
		const taker = earlier.takerOf(piece.map((side) => (side[0] as Interval).from));
		if (taker === undefined || pieces.length > maxPieces) return undefined;
		work.steps -= pieces.length;
		if (work.steps < 0) return undefined;
		pieces = pieces.flatMap((one) => subtract(one, earlier.regionOf(taker)));
		takers.push(taker);
	}
	return takers.sort((one, other) => one - other);
}

/** The policies before the one that is looked at, found by the connections that they match. */
class EarlierPolicies {
	readonly #regions: readonly Regions[];
	readonly #sides: readonly IntervalIndex[];
	readonly #work: Work;

	constructor(regions: readonly Regions[], work: Work) {
		this.#regions = regions;
		this.#work = work;
		this.#sides = origins.map(
			(origin, side) => new IntervalIndex(new Set(regions.map(({ least }) => least[side] ?? [])), origin),
		);
	}

	add(index: number): void {
		const region = this.regionOf(index);
		for (const [side, one] of this.#sides.entries()) one.add(region[side] ?? [], index);
	}

	regionOf(index: number): Region {
		return (this.#regions[index] as Regions).least;
	}

	/** The first that matches the connection, which is a number for each side. */
	takerOf(connection: readonly bigint[]): number | undefined {
		let first: number | undefined;
		for (const list of this.#fewest(connection)) {
			for (const index of list) {
				if (first !== undefined && index >= first) break;
				this.#work.pairs--;
				if (this.regionOf(index).every((side, at) => holds(side, connection[at] as bigint))) first = index;
			}
		}
		return first;
	}

	/** Those that may match, told by the side that leaves the fewest. */
	#fewest(connection: readonly bigint[]): readonly (readonly number[])[] {
		let fewest: readonly (readonly number[])[] = [];
		let count = Number.POSITIVE_INFINITY;
		for (const [side, index] of this.#sides.entries()) {
			const lists = index.holding(connection[side] as bigint);
			const size = lists.reduce((sum, list) => sum + list.length, 0);
			if (size < count) [fewest, count] = [lists, size];
		}
		return fewest;
	}
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
/** From where the numbers of each side are counted: each IPv4 address is then a number of its own as a double too. */
const origins = [0n, 0n, firstIpv4, firstIpv4, 0n] as const;
