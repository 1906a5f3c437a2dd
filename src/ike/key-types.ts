/** Leaf types of keys and of the names of VPN services. */
import type { Secret } from "#base/secret.ts";
import { type LeafType, parsed, refused, secret, union } from "#config/leaf-types.ts";
import { applicationName } from "#policy/application-schema.ts";

/** A key in hexadecimal, typed so or in its `$9$` form; `0x` before it is allowed. */
export function hexadecimalKey(maxOctets = 255): LeafType<Secret> {
	const plain = secret({ max: maxOctets * 2 + 2, placeholder: "hexadecimal-key" });
	return {
		...plain,
		name: "hexadecimal-key",
		describes: `key of 1 to ${maxOctets} octets in hexadecimal, or its $9$ form`,
		parse(typed) {
			const result = plain.parse(typed);
			if (result.ok && !/^(?:0x)?(?:[0-9a-f]{2})+$/i.test(result.value.danger_reveal()))
				return refused("invalid hexadecimal key: expected an even number of hexadecimal digits");
			return result;
		},
	};
}

/** The service of a proxy identity: an application, or `any`, for which `all` is accepted too. */
export function proxyService(): LeafType<string> {
	const all: LeafType<string> = {
		name: "all",
		placeholder: "all",
		describes: "all",
		words: { all: "The same as any" },
		parse: (typed) => (typed === "all" ? parsed("any") : refused("not all")),
		format: (value) => value,
	};
	return union([all, applicationName]);
}
