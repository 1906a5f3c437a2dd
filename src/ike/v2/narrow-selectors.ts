/** Which part of the offered traffic is accepted (RFC 7296 §2.9). */
import { formatAddress, type Prefix } from "#base/address.ts";
import type { TrafficSelector } from "#ike/wire/traffic-selector.ts";

/**
 * The parts of the offer that lie within ours, without those that lie within another of them.
 *
 * Bounds: at most 8 selectors; empty when nothing fits.
 */
export function narrowSelectors(
	ours: readonly TrafficSelector[],
	offered: readonly TrafficSelector[],
): readonly TrafficSelector[] {
	const parts = offered.flatMap((theirs) => ours.flatMap((own) => intersect(own, theirs) ?? []));
	const widest = parts.filter(
		(part, index) =>
			!parts.some((other, at) => at !== index && contains(other, part) && (at < index || !contains(part, other))),
	);
	return widest.slice(0, maxSelectors);
}

/** True when each part of the answer lies within what was offered: a responder may narrow, never widen. */
export function isWithin(answer: readonly TrafficSelector[], offered: readonly TrafficSelector[]): boolean {
	return answer.length > 0 && answer.every((part) => offered.some((one) => contains(one, part)));
}

/** The selector of a prefix with every protocol and port (B28: the proxy identity). */
export function prefixSelector({ address, length }: Prefix): TrafficSelector {
	const last = Uint8Array.from(address.octets);
	for (let bit = length; bit < last.length * 8; bit++)
		last[bit >> 3] = (last[bit >> 3] as number) | (0x80 >> (bit & 7));
	return { protocol: 0, firstPort: 0, lastPort: 65_535, first: address.octets, last };
}

/** `10.0.0.0-10.0.0.255`, with protocol and ports when they are not any. */
export function selectorText({ protocol, firstPort, lastPort, first, last }: TrafficSelector): string {
	const range = `${formatAddress({ octets: first })}-${formatAddress({ octets: last })}`;
	const ports = firstPort === 0 && lastPort === 65_535 ? "" : `:${firstPort}-${lastPort}`;
	return `${range}${ports}${protocol === 0 ? "" : ` protocol ${protocol}`}`;
}

function intersect(one: TrafficSelector, other: TrafficSelector): TrafficSelector | undefined {
	if (one.first.length !== other.first.length) return undefined;
	if (one.protocol !== 0 && other.protocol !== 0 && one.protocol !== other.protocol) return undefined;
	const first = Buffer.compare(one.first, other.first) > 0 ? one.first : other.first;
	const last = Buffer.compare(one.last, other.last) < 0 ? one.last : other.last;
	const firstPort = Math.max(one.firstPort, other.firstPort);
	const lastPort = Math.min(one.lastPort, other.lastPort);
	if (Buffer.compare(first, last) > 0 || firstPort > lastPort) return undefined;
	return { protocol: one.protocol || other.protocol, firstPort, lastPort, first, last };
}

function contains(outer: TrafficSelector, inner: TrafficSelector): boolean {
	return (
		outer.first.length === inner.first.length &&
		(outer.protocol === 0 || outer.protocol === inner.protocol) &&
		outer.firstPort <= inner.firstPort &&
		outer.lastPort >= inner.lastPort &&
		Buffer.compare(outer.first, inner.first) <= 0 &&
		Buffer.compare(outer.last, inner.last) >= 0
	);
}

const maxSelectors = 8;
