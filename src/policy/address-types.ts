/** Leaf types of the address book. */
import { type Address, formatPrefix, type Prefix, parseAddress } from "#base/address.ts";
import { canonicalText, type LeafType, parsed, refused, shown } from "#config/leaf-types.ts";
import { interfaceAddress } from "#config/network-types.ts";

/** An IPv4 address of which only the bits count that are set in the mask. */
export interface WildcardAddress {
	readonly address: Address;
	readonly mask: Address;
}

/** `address/length`. Host bits are printed as they were entered, and are zero in the value. */
export function bookPrefix(): LeafType<Prefix> {
	const written = interfaceAddress();
	return {
		name: "book-prefix",
		placeholder: "<ip-prefix>",
		describes: "IP address prefix",
		parse(typed) {
			const result = written.parse(typed);
			return result.ok ? parsed(withoutHostBits(result.value)) : result;
		},
		canonical: (typed) => canonicalText(written, typed),
		format: formatPrefix,
	};
}

/** `address/mask`, where the mask may have holes: `10.0.0.11/255.0.0.255`. */
export function wildcardAddress(): LeafType<WildcardAddress> {
	return {
		name: "wildcard-address",
		placeholder: "<address/wildcard-mask>",
		describes: "IPv4 address and mask, such as 10.0.0.11/255.0.0.255",
		parse(typed) {
			const [head = "", tail = "", more] = typed.split("/", 3);
			const address = parseAddress(head);
			const mask = parseAddress(tail);
			const isIpv4 = address?.octets.length === 4 && mask?.octets.length === 4 && !typed.includes(":");
			if (address === undefined || mask === undefined || !isIpv4 || more !== undefined)
				return refused(`invalid value '${shown(typed)}'; expected an IPv4 address and a mask, address/mask`);
			return parsed({ address: { octets: masked(address.octets, mask.octets) }, mask });
		},
		canonical: (typed) => typed,
		format: ({ address, mask }) => `${address.octets.join(".")}/${mask.octets.join(".")}`,
	};
}

function withoutHostBits({ address, length }: Prefix): Prefix {
	const octets = address.octets.slice();
	const whole = length >> 3;
	if (whole < octets.length) octets[whole] = (octets[whole] as number) & (0xff00 >> (length & 7));
	return { address: { octets: octets.fill(0, whole + 1) }, length };
}

function masked(octets: Uint8Array, mask: Uint8Array): Uint8Array {
	return octets.map((octet, index) => octet & (mask[index] as number));
}
