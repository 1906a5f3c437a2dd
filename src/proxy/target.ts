/** Addresses that clients do not reach through the proxy unless the listener permits it: the gateway's own host. */
import { type Address, isLoopback, isUnspecified, type Prefix, parsePrefix, prefixContains } from "#base/address.ts";

/** True for loopback, unspecified and link-local addresses, cloud metadata services among them (checklist F14). */
export function isLocalTarget(address: Address): boolean {
	return isLoopback(address) || isUnspecified(address) || linkLocal.some((prefix) => prefixContains(prefix, address));
}

const linkLocal: readonly Prefix[] = ["169.254.0.0/16", "fe80::/10"].map((text) => parsePrefix(text) as Prefix);
