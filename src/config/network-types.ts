/** Leaf types of the network and of time: addresses, prefixes, host names, endpoints, interfaces, dates. */
import {
	type Address,
	type Endpoint,
	formatAddress,
	formatEndpoint,
	formatPrefix,
	type Prefix,
	parseAddress,
	parseEndpoint,
	parsePrefix,
} from "#base/address.ts";
import { isHostPattern, normalizeHostName } from "#base/host-name.ts";
import { integer, type LeafType, parsed, refused, shown } from "#config/leaf-types.ts";

/** An address of a host with the length of its network's prefix: `10.0.0.1/24`. */
export interface HostPrefix {
	readonly address: Address;
	readonly length: number;
}

/** An IPv4 or IPv6 address, or only one of the families. */
export function address(family?: "inet" | "inet6"): LeafType<Address> {
	return {
		name: "address",
		placeholder: "<address>",
		describes: family === "inet" ? "IPv4 address" : family === "inet6" ? "IPv6 address" : "IP address",
		parse(typed) {
			const value = parseAddress(typed);
			if (value === undefined) return refused(notAnAddress(typed, typed));
			if (!isOfFamily(value, family)) return refused(`invalid value '${shown(typed)}'; expected an ${family} address`);
			return parsed(value);
		},
		format: formatAddress,
	};
}

/** `address/length` with zero host bits, or an address alone for its host prefix. */
export function prefix(family?: "inet" | "inet6"): LeafType<Prefix> {
	return {
		name: "prefix",
		placeholder: "<prefix>",
		describes: "IP address prefix",
		parse(typed) {
			const value = parsePrefix(typed);
			if (value === undefined) return refused(whyNoPrefix(typed));
			if (!isOfFamily(value.address, family))
				return refused(`invalid value '${shown(typed)}'; expected an ${family} prefix`);
			return parsed(value);
		},
		format: formatPrefix,
	};
}

/** `address/length` of an interface: host bits are kept. */
export function interfaceAddress(family?: "inet" | "inet6"): LeafType<HostPrefix> {
	return {
		name: "interface-address",
		placeholder: "<address/length>",
		describes: "interface address and prefix length",
		parse(typed) {
			const [host = "", lengthText] = typed.split("/", 2);
			const value = parseAddress(host);
			if (value === undefined) return refused(notAnAddress(host, typed));
			const bits = value.octets.length * 8;
			if (lengthText !== undefined && !isLength(lengthText, bits)) return refused(badLength(lengthText, typed, bits));
			if (!isOfFamily(value, family)) return refused(`invalid value '${shown(typed)}'; expected an ${family} address`);
			return parsed({ address: value, length: lengthText === undefined ? bits : Number(lengthText) });
		},
		format: formatPrefix,
	};
}

/** A host name in its normal form. */
export function hostName(): LeafType<string> {
	return {
		name: "host-name",
		placeholder: "<hostname>",
		describes: "host name",
		parse(typed) {
			const value = normalizeHostName(typed);
			return value === undefined ? refused(`invalid hostname: '${shown(typed)}'`) : parsed(value);
		},
		format: (value) => value,
	};
}

/** A host name, or `*.` before one for every name below it, in lower case. */
export function hostPattern(): LeafType<string> {
	return {
		name: "host-pattern",
		placeholder: "<host-pattern>",
		describes: "host name, or *.name for every name below it",
		parse(typed) {
			if (!isHostPattern(typed))
				return refused(`invalid host pattern: '${shown(typed)}'; expected a host name or *.name`);
			return parsed((typed.endsWith(".") ? typed.slice(0, -1) : typed).toLowerCase());
		},
		format: (value) => value,
	};
}

/** An IP address or a host name, as canonical text. */
export function host(): LeafType<string> {
	return {
		name: "host",
		placeholder: "<address-or-hostname>",
		describes: "IP address or host name",
		parse(typed) {
			const literal = parseAddress(typed);
			if (literal !== undefined) return parsed(formatAddress(literal));
			const value = /^[0-9.]+$/.test(typed) || typed.includes(":") ? undefined : normalizeHostName(typed);
			return value === undefined ? refused(notAnAddress(typed, typed)) : parsed(value);
		},
		format: (value) => value,
	};
}

/** A TCP or UDP port. */
export function port(min: 0 | 1 = 1): LeafType<number> {
	return { ...integer({ min, max: 65_535, placeholder: "port" }), name: "port" };
}

/** `address:port`; an IPv6 address stands in brackets. */
export function endpoint(): LeafType<Endpoint> {
	return {
		name: "endpoint",
		placeholder: "<address:port>",
		describes: "IP address and port, [address]:port for IPv6",
		parse(typed) {
			const value = parseEndpoint(typed);
			if (value === undefined)
				return refused(`invalid value '${shown(typed)}'; expected address:port or [address]:port`);
			return parsed(value);
		},
		format: formatEndpoint,
	};
}

/** `host:port` where the host is an address (IPv6 in brackets) or a host name. */
export function hostEndpoint(): LeafType<Endpoint> {
	return {
		...endpoint(),
		name: "host-endpoint",
		placeholder: "<host:port>",
		describes: "host name or IP address, and port",
		parse(typed) {
			const literal = parseEndpoint(typed);
			if (literal !== undefined) return parsed(literal);
			const match = /^([^:[\]]+):([0-9]{1,5})$/.exec(typed);
			const name = match === null || /^[0-9.]+$/.test(match[1] ?? "") ? undefined : normalizeHostName(match[1] ?? "");
			if (match === null || name === undefined || Number(match[2]) > 65_535)
				return refused(`invalid value '${shown(typed)}'; expected host:port`);
			return parsed({ host: name, port: Number(match[2]) });
		},
	};
}

/** A device (`ge-0/0/0`, `eth0`, `lo`) or, when `unit` is `required`, a logical interface (`ge-0/0/0.0`, `st0.0`). */
export function interfaceName(unit: "required" | "optional" | "none" = "optional"): LeafType<string> {
	return {
		name: "interface-name",
		placeholder: "<interface-name>",
		describes: unit === "required" ? "logical interface name, such as ge-0/0/0.0" : "interface name, such as ge-0/0/0",
		parse(typed) {
			const match = /^([A-Za-z][A-Za-z0-9_-]*(?:[0-9](?:\/[0-9]{1,3}){1,2})?(?::[0-9]{1,3})?)(?:\.([0-9]{1,5}))?$/.exec(
				typed,
			);
			if (match === null || typed.length > 63) return refused(`invalid interface name: '${shown(typed)}'`);
			if (unit === "required" && match[2] === undefined)
				return refused(
					`invalid interface name: '${shown(typed)}'; expected a logical interface such as ${shown(typed)}.0`,
				);
			if (unit === "none" && match[2] !== undefined)
				return refused(`invalid interface name: '${shown(typed)}'; expected a name without logical unit`);
			return parsed(typed);
		},
		format: (value) => value,
	};
}

/** Six octets, `00:11:22:aa:bb:cc`. */
export function macAddress(): LeafType<string> {
	return {
		name: "mac-address",
		placeholder: "<mac-address>",
		describes: "MAC address",
		parse(typed) {
			if (!/^[0-9a-fA-F]{1,2}(?:[:-][0-9a-fA-F]{1,2}){5}$/.test(typed))
				return refused(`invalid mac address: '${shown(typed)}'`);
			const octets = typed.toLowerCase().split(/[:-]/);
			return parsed(octets.map((octet) => octet.padStart(2, "0")).join(":"));
		},
		format: (value) => value,
	};
}

/** `YYYY-MM-DD[.hh:mm[:ss]]`, Junos's form of a date and time; the value is the canonical text with seconds. */
export function dateTime(): LeafType<string> {
	return {
		name: "date-time",
		placeholder: "<YYYY-MM-DD.hh:mm:ss>",
		describes: "date and time",
		parse(typed) {
			const match = /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[.T]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?)?$/.exec(typed);
			const [, year, month, day, hour = "00", minute = "00", second = "00"] = match ?? [];
			const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
			const time = match === null ? Number.NaN : Date.parse(iso);
			if (Number.isNaN(time) || new Date(time).toISOString() !== iso)
				return refused(`invalid date and time: '${shown(typed)}'; expected YYYY-MM-DD.hh:mm:ss`);
			return parsed(`${year}-${month}-${day}.${hour}:${minute}:${second}`);
		},
		format: (value) => value,
	};
}

/** `hh:mm`, or `hh:mm:ss`. */
export function timeOfDay(): LeafType<string> {
	return {
		name: "time-of-day",
		placeholder: "<hh:mm>",
		describes: "time of day",
		parse(typed) {
			if (!/^(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?$/.test(typed))
				return refused(`invalid time: '${shown(typed)}'; expected hh:mm`);
			return parsed(typed);
		},
		format: (value) => value,
	};
}

/** An `http` or `https` URL, or a path below the file store. */
export function url(protocols: readonly string[] = ["http:", "https:"]): LeafType<string> {
	return {
		name: "url",
		placeholder: "<url>",
		describes: `URL (${protocols.map((protocol) => `${protocol}//`).join(", ")})`,
		parse(typed) {
			const value = typed.length <= 2_048 && URL.canParse(typed) ? new URL(typed) : undefined;
			if (value === undefined || !protocols.includes(value.protocol))
				return refused(
					`invalid URL: '${shown(typed)}'; expected ${protocols.map((protocol) => `${protocol}//...`).join(" or ")}`,
				);
			return parsed(typed);
		},
		format: (value) => value,
	};
}

/** A file name: one or more path parts, none of them `.` or `..`; relative ones stand below the product's directory. */
export function fileName(options: { readonly mayHavePath?: boolean } = {}): LeafType<string> {
	const { mayHavePath = true } = options;
	return {
		name: "file-name",
		placeholder: "<filename>",
		describes: "file name",
		parse(typed) {
			const parts = typed.split("/");
			const isOdd = parts.some((part, index) => (part === "" && index > 0) || part === "." || part === "..");
			if (!/^[A-Za-z0-9_.\-/ +,=@]{1,1024}$/.test(typed) || isOdd || (!mayHavePath && parts.length > 1))
				return refused(`invalid filename: '${shown(typed)}'`);
			return parsed(typed);
		},
		format: (value) => value,
	};
}

/** An even number of hexadecimal digits. */
export function hexadecimal(options: { readonly minOctets: number; readonly maxOctets: number }): LeafType<string> {
	const { minOctets, maxOctets } = options;
	return {
		name: "hexadecimal",
		placeholder: "<hexadecimal>",
		describes: `${minOctets} to ${maxOctets} octets in hexadecimal`,
		parse(typed) {
			const digits = typed.replaceAll(":", "").toLowerCase();
			if (!/^(?:[0-9a-f]{2})+$/.test(digits)) return refused(`invalid hexadecimal value: '${shown(typed)}'`);
			if (digits.length < minOctets * 2 || digits.length > maxOctets * 2)
				return refused(`Length ${digits.length / 2} is not within range (${minOctets}..${maxOctets})`);
			return parsed(digits);
		},
		format: (value) => value,
	};
}

/** `user@host.name`. */
export function emailAddress(): LeafType<string> {
	return {
		name: "email-address",
		placeholder: "<user@hostname>",
		describes: "e-mail address",
		parse(typed) {
			const at = typed.lastIndexOf("@");
			const isGood = at > 0 && typed.length <= 254 && /^[^\s@"\\]+$/.test(typed.slice(0, at));
			if (!isGood || normalizeHostName(typed.slice(at + 1)) === undefined)
				return refused(`invalid e-mail address: '${shown(typed)}'; expected user@hostname`);
			return parsed(typed);
		},
		format: (value) => value,
	};
}

function isOfFamily(value: Address, family: "inet" | "inet6" | undefined): boolean {
	return family === undefined || value.octets.length === (family === "inet" ? 4 : 16);
}

/** Names the part that is wrong first, then the whole, as Junos does. */
function notAnAddress(host: string, typed: string): string {
	const parts = host.split(".");
	const wrong = parts.length === 4 ? parts.find((part) => !/^[0-9]{1,3}$/.test(part) || Number(part) > 255) : undefined;
	return `invalid value '${shown(wrong ?? host)}' in ip address: '${shown(typed)}'`;
}

function whyNoPrefix(typed: string): string {
	const [head = "", lengthText] = typed.split("/", 2);
	const value = parseAddress(head);
	if (value === undefined) return notAnAddress(head, typed);
	const bits = value.octets.length * 8;
	if (lengthText === undefined || !isLength(lengthText, bits)) return badLength(lengthText ?? "", typed, bits);
	const octets = value.octets.map((octet, index) => {
		const kept = Math.min(8, Math.max(0, Number(lengthText) - index * 8));
		return octet & (0xff << (8 - kept));
	});
	const network = formatPrefix({ address: { octets }, length: Number(lengthText) });
	return `host bits are set in prefix '${shown(typed)}'; expected '${network}'`;
}

function isLength(lengthText: string, bits: number): boolean {
	return /^(?:0|[1-9][0-9]{0,2})$/.test(lengthText) && Number(lengthText) <= bits;
}

function badLength(lengthText: string, typed: string, bits: number): string {
	return `invalid prefix length '${shown(lengthText)}' in '${shown(typed)}'; expected 0..${bits}`;
}
