/** `security address-book`: names for addresses, and the older form of the same inside a zone. */
import { error, type Finding } from "#config/finding.ts";
import { keyword, name, reference, text, union } from "#config/leaf-types.ts";
import { address, hostPattern } from "#config/network-types.ts";
import { container, flag, leaf, list, type Snapshot } from "#config/schema.ts";
import { bookPrefix, wildcardAddress } from "#policy/address-types.ts";
import { namesOnRings } from "#policy/rings.ts";

/** Where the names stand that policies and whitelists use. */
export const addressPaths = [
	"security address-book book * address",
	"security address-book book * address-set",
	"security zones security-zone * address-book address",
	"security zones security-zone * address-book address-set",
];

/** What a policy may say of addresses. */
export const addressNames = union([
	keyword("any", "Any address"),
	keyword("any-ipv4", "Any IPv4 address"),
	keyword("any-ipv6", "Any IPv6 address"),
	reference(addressPaths, { placeholder: "address-name" }),
]);

const addressName = name({ also: "/:", placeholder: "address-name" });

/** What a book holds, whether it stands alone or in a zone. */
export const bookEntries = {
	address: list({
		help: "A named address",
		keys: { name: addressName },
		layout: "line-if-single",
		alternatives: [{ of: ["ip-prefix", "dns-name", "range-address", "wildcard-address"], mandatory: true }],
		children: {
			description: leaf(text({ max: 900 }), { help: "Text" }),
			"ip-prefix": leaf(bookPrefix(), { help: "Prefix", unnamed: true }),
			"dns-name": list({
				help: "Server name; *.company.com covers every depth below company.com",
				keys: { name: hostPattern() },
				maxEntries: 1,
				alternatives: [{ of: ["ipv4-only", "ipv6-only"] }],
				children: {
					"ipv4-only": flag({ help: "Look up IPv4 addresses only", engine: "not-yet" }),
					"ipv6-only": flag({ help: "Look up IPv6 addresses only", engine: "not-yet" }),
				},
			}),
			"range-address": list({
				help: "The lowest address of a range",
				keys: { lower: address() },
				maxEntries: 1,
				children: {
					to: container({
						help: "The highest address of the range",
						children: { upper: leaf(address(), { help: "Address", unnamed: true, mandatory: true }) },
					}),
				},
			}),
			"wildcard-address": leaf(wildcardAddress(), {
				help: "Address of which only the bits of the mask count, which may have holes: 10.0.0.11/255.0.0.255",
			}),
		},
	}),
	"address-set": list({
		help: "Several addresses under one name",
		keys: { name: addressName },
		children: {
			description: leaf(text({ max: 900 }), { help: "Text" }),
			address: list({ help: "A member of the same book", keys: { name: reference(".. .. address") } }),
			"address-set": list({ help: "A set whose members are members", keys: { name: reference(".. .. address-set") } }),
		},
	}),
};

const book = list({
	help: "An address book",
	unnamed: true,
	keys: { name: name({ placeholder: "book-name" }) },
	children: {
		description: leaf(text({ max: 900 }), { help: "Text" }),
		...bookEntries,
		attach: container({
			help: "Whose policies may use the names; the book 'global' serves all",
			children: { zone: list({ help: "A zone", keys: { name: reference("security zones security-zone") } }) },
		}),
	},
});

export const addressBook = container({ help: "Names for addresses", children: { book } });

/** A checked `security address-book`. */
export type AddressBookConfig = Snapshot<typeof addressBook>;

/** A book, or the part of a zone that is one. */
export type Book = Pick<NonNullable<ReturnType<Snapshot<typeof addressBook>["book"]["get"]>>, "address" | "addressSet">;

/** What is wrong with the entries of one book: ranges upside down, sets within themselves, names used twice. */
export function verifyBook(path: readonly string[], { address: addresses, addressSet }: Book): readonly Finding[] {
	const findings: Finding[] = [];
	for (const [addressKey, { rangeAddress }] of addresses) {
		for (const { lower, to } of rangeAddress.values()) {
			const at = [...path, "address", addressKey];
			if (lower.octets.length !== to.upper.octets.length)
				findings.push(error(at, "range-address", "the two ends are of different families"));
			else if (Buffer.compare(lower.octets, to.upper.octets) > 0)
				findings.push(error(at, "range-address", "the lower end is above the upper one"));
		}
	}
	const members = new Map([...addressSet].map(([setName, set]) => [setName, [...set.addressSet.keys()]]));
	for (const setName of members.keys()) {
		const at = [...path, "address-set", setName];
		if (addresses.has(setName)) findings.push(error(at, undefined, "an address has this name already"));
	}
	for (const setName of namesOnRings(members))
		findings.push(error([...path, "address-set", setName], "address-set", "contains itself by way of its members"));
	return findings;
}
