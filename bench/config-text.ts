/** A configuration as large as an enterprise's: what `npm run bench:config` loads. */
import { defaultConfiguration } from "#daemon/default-configuration.ts";

export interface ConfigurationSize {
	readonly policies: number;
	readonly addresses: number;
}

/**
 * The factory configuration with an address book and policies, each of which names two sources, a destination and an
 * application. A third of the addresses are host names, the others prefixes.
 */
export function largeConfiguration({ policies, addresses }: ConfigurationSize, port: number): string {
	const book = Array.from({ length: addresses }, (_, index) => `address ${addressName(index)} ${addressOf(index)};`);
	const rules = Array.from({ length: policies }, (_, index) => policyText(index, addresses));
	const base = defaultConfiguration(false).replace("127.0.0.1:8080", `127.0.0.1:${port}`);
	return base
		.replace("security {", `security {\naddress-book { global {\n${book.join("\n")}\n} }`)
		.replace(
			"global {\n            policy inspect-all",
			`global {\n${rules.join("\n")}\n            policy inspect-all`,
		);
}

export function policyName(index: number): string {
	return `policy-${String(index).padStart(5, "0")}`;
}

export function addressName(index: number): string {
	return `host-${String(index).padStart(5, "0")}`;
}

function addressOf(index: number): string {
	if (index % 3 === 0) return `dns-name *.d${index}.example`;
	return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`;
}

function policyText(index: number, addresses: number): string {
	// A factor without a common divisor visits every address in turn.
	const pick = (offset: number) => addressName((index * 7 + offset * 13) % addresses);
	const then =
		index % 4 === 0
			? "deny;"
			: "permit { application-services { ssl-proxy { profile-name inspect; } pattern-policy standard; } }";
	return `policy ${policyName(index)} {
match { source-address [ any ]; destination-address [ ${pick(1)} ${pick(2)} ${pick(3)} ]; application any; }
then { ${then} }
}`;
}
