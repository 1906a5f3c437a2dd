/** Which policies the kernel is to have for VPNs and their associations. */
import type { Address } from "#base/address.ts";
import type { EspSelector, EspSelectors } from "#esp/match-selector.ts";
import { type SelectorSide, selectorSides } from "#esp/selector-prefixes.ts";
import type { XfrmPolicy } from "#esp/xfrm-policy.ts";
import type { XfrmMark, XfrmSelector } from "#esp/xfrm-structures.ts";

/** What packets are bound to: those of a device with the mark, to associations with the number between two ends. */
export interface PolicyBinding extends EspSelectors {
	readonly mark: XfrmMark;
	readonly requestId: number;
	readonly local: Address;
	readonly remote: Address;
}

/**
 * The policies, by a text that tells one from another as the kernel does. Those of associations admit what comes in, too; a
 * VPN's own let a packet without an association ask for one, and are behind them.
 *
 * `associations`: the newest last, which goes before others of the same selectors.
 */
export function wantedPolicies(
	vpns: readonly PolicyBinding[],
	associations: readonly PolicyBinding[],
): ReadonlyMap<string, XfrmPolicy> {
	const wanted = new Map<string, XfrmPolicy>();
	const put = (policy: XfrmPolicy) => wanted.set(policyKey(policy), policy);
	for (const vpn of vpns) for (const policy of outgoing(vpn, vpnPriority)) put(policy);
	for (const one of associations) {
		for (const policy of outgoing(one, associationPriority)) put(policy);
		for (const policy of incoming(one)) put(policy);
	}
	return wanted;
}

/** False when the selectors are ranges that take too many prefixes, or ports of more than one protocol. */
export function areKernelSelectors({ localSelectors, remoteSelectors }: EspSelectors): boolean {
	return pairs(localSelectors, remoteSelectors) !== undefined;
}

/** A text for selectors: the same for those that share associations. */
export function selectorsKey({ localSelectors, remoteSelectors }: EspSelectors): string {
	const text = (selectors: readonly EspSelector[]) =>
		selectors.map(({ protocol, firstPort, lastPort, first, last }) =>
			[protocol, firstPort, lastPort, hexOf(first), hexOf(last)].join(),
		);
	return `${text(localSelectors).join(";")} ${text(remoteSelectors).join(";")}`;
}

function outgoing(binding: PolicyBinding, priority: number): readonly XfrmPolicy[] {
	const { mark, requestId, local: source, remote: destination } = binding;
	const found = pairs(binding.localSelectors, binding.remoteSelectors) ?? [];
	return found.map((selector) => ({ direction: "out", selector, mark, priority, source, destination, requestId }));
}

function incoming(binding: PolicyBinding): readonly XfrmPolicy[] {
	const { mark, requestId, remote: source, local: destination } = binding;
	const found = pairs(binding.remoteSelectors, binding.localSelectors) ?? [];
	const priority = associationPriority;
	return found.map((selector) => ({ direction: "in", selector, mark, priority, source, destination, requestId }));
}

/** Each side with each of the other, where family and protocol permit; undefined when there are too many. */
function pairs(from: readonly EspSelector[], to: readonly EspSelector[]): readonly XfrmSelector[] | undefined {
	const [sources, destinations] = [from.map(selectorSides), to.map(selectorSides)];
	if ([...sources, ...destinations].includes(undefined)) return undefined;
	const found = sources.flatMap((source) =>
		destinations.flatMap((destination) => pairsOf(source ?? [], destination ?? [])),
	);
	return found.length > maxPolicies ? undefined : found;
}

function pairsOf(sources: readonly SelectorSide[], destinations: readonly SelectorSide[]): readonly XfrmSelector[] {
	return sources.flatMap((source) =>
		destinations
			.filter((destination) => destination.address.octets.length === source.address.octets.length)
			.filter(({ protocol }) => protocol === source.protocol || protocol === 0 || source.protocol === 0)
			.map((destination) => {
				const protocol = source.protocol || destination.protocol;
				return { source: { ...source, protocol }, destination: { ...destination, protocol } };
			}),
	);
}

function policyKey({ direction, selector: { source, destination }, mark }: XfrmPolicy): string {
	const text = ({ address, port, portMask }: SelectorSide) =>
		`${hexOf(address.octets)}/${address.length} ${port}/${portMask}`;
	return `${direction} ${mark.value} ${source.protocol} ${text(source)} ${text(destination)}`;
}

function hexOf(octets: Uint8Array): string {
	return Buffer.from(octets).toString("hex");
}

const associationPriority = 1_000;
const vpnPriority = 2_000;
/** Of one VPN in one direction. */
const maxPolicies = 256;
