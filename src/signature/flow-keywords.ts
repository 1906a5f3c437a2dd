/** Keywords about the connection: its direction and state, bits and counters that rules keep on it, how often is told. */
import type { KeywordTable } from "#signature/keyword.ts";
import { parseRange } from "#signature/number-range.ts";
import type { FlowBitStep, FlowIntegerStep, SignatureProtocol, Threshold } from "#signature/signature.ts";
import type { SignatureDraft } from "#signature/signature-draft.ts";

export const flowKeywords: KeywordTable = {
	flow: {
		about: "direction and state; only octets of established connections are inspected",
		read: (draft, value) => {
			for (const word of splitComma(value)) {
				const problem = readFlowWord(draft, word.toLowerCase());
				if (problem !== undefined) return problem;
			}
			return undefined;
		},
	},
	flowbits: { about: "bits that rules set on a connection and ask for", read: readFlowBits },
	flowint: { about: "counters that rules keep on a connection", read: readFlowInteger },
	threshold: { about: "how often a match must come, and how often it is told", read: readThreshold },
	detection_filter: {
		about: "only matches beyond a number in a time count",
		read: (draft, value) => readThreshold(draft, `type detection_filter,${value ?? ""}`),
	},
	dsize: {
		about: "octets in one packet; matches where there are packets",
		read: (draft, value) => {
			draft.payloadSize = parseRange(value ?? "");
			return draft.payloadSize === undefined ? "it is no size" : undefined;
		},
	},
	"app-layer-protocol": {
		about: "protocol of the connection",
		read: (draft, value) => {
			const protocol = protocolNames.get(value ?? "");
			if (protocol === undefined) return `protocol "${(value ?? "").slice(0, 30)}" is not supported`;
			draft.applicationProtocol = protocol;
			return undefined;
		},
	},
};

function readFlowWord(draft: SignatureDraft, word: string): string | undefined {
	switch (word) {
		case "to_server":
		case "from_client":
			return setDirection(draft, "to-server");
		case "to_client":
		case "from_server":
			return setDirection(draft, "to-client");
		case "established":
		case "stateless":
		case "only_stream":
		case "no_frag":
			return undefined;
		case "not_established":
			draft.isNotEstablished = true;
			return undefined;
		case "no_stream":
			draft.isPacketOnly = true;
			return undefined;
		default:
			return `"${word.slice(0, 30)}" is not supported`;
	}
}

function setDirection(draft: SignatureDraft, direction: "to-server" | "to-client"): string | undefined {
	if (draft.direction !== "both" && draft.direction !== direction) return "it says both directions";
	draft.direction = direction;
	return undefined;
}

function readFlowBits(draft: SignatureDraft, value: string | undefined): string | undefined {
	const [command = "", text = ""] = splitComma(value);
	if (command === "noalert") {
		draft.isNoAlert = true;
		return undefined;
	}
	if (!bitCommands.has(command)) return `"${command.slice(0, 30)}" is not supported`;
	const names = text.split("|").map((name) => name.trim());
	if (names.some((name) => !/^\S{1,128}$/.test(name))) return "it names no bit";
	if (names.length > 1 && command !== "isset" && command !== "isnotset") return `${command} takes one name`;
	draft.flowBits.push({ command: command as FlowBitStep["command"], names });
	return undefined;
}

function readFlowInteger(draft: SignatureDraft, value: string | undefined): string | undefined {
	const [name = "", operator = "", text] = splitComma(value);
	const known = operator === "isnotset" ? "notset" : operator;
	if (!/^[\w.]{1,64}$/.test(name)) return "it has no name";
	if (!integerOperators.has(known)) return `"${operator.slice(0, 30)}" is not supported`;
	const needsValue = known !== "isset" && known !== "notset";
	if (needsValue !== (text !== undefined)) return needsValue ? "it has no value" : "it takes no value";
	if (text !== undefined && !/^(?:\d{1,10}|[A-Za-z_][\w.]{0,63})$/.test(text))
		return "its value is no number and no name";
	const number = /^\d/.test(text ?? "") ? Number(text) : (text ?? 0);
	draft.flowIntegers.push({ name, operator: known as FlowIntegerStep["operator"], value: number });
	return undefined;
}

function readThreshold(draft: SignatureDraft, value: string | undefined): string | undefined {
	const named = new Map(splitComma(value).map((part) => part.split(/\s+/, 2) as [string, string]));
	const type = named.get("type") ?? "";
	const track = named.get("track") ?? "";
	const count = Number(named.get("count"));
	const seconds = Number(named.get("seconds"));
	if (!thresholdTypes.has(type)) return `type "${type}" is not supported`;
	if (!thresholdTracks.has(track)) return `track "${track}" is not supported`;
	if (!(Number.isInteger(count) && count >= 1 && count <= 4_294_967_295)) return "count is no number above 0";
	if (!(Number.isInteger(seconds) && seconds >= 1 && seconds <= 4_294_967_295)) return "seconds is no number above 0";
	if (draft.threshold !== undefined) return "a second threshold stands in the rule";
	draft.threshold = { type: type as Threshold["type"], track: track as Threshold["track"], count, seconds };
	return undefined;
}

function splitComma(value: string | undefined): string[] {
	return (value ?? "").split(",").map((part) => part.trim());
}

/** Protocols of headers and of app-layer-protocol, with those that mean the same here. */
export const protocolNames: ReadonlyMap<string, SignatureProtocol> = new Map([
	["ip", "ip"],
	["ipv4", "ip"],
	["ipv6", "ip"],
	["ip4", "ip"],
	["ip6", "ip"],
	["tcp", "tcp"],
	["tcp-pkt", "tcp"],
	["tcp-stream", "tcp"],
	["udp", "udp"],
	["http", "http"],
	["http1", "http"],
	["tls", "tls"],
	["ssl", "tls"],
	["smtp", "smtp"],
	["imap", "imap"],
	["pop3", "pop3"],
	["ftp", "ftp"],
]);
const bitCommands: ReadonlySet<string> = new Set(["set", "unset", "toggle", "isset", "isnotset"]);
const integerOperators: ReadonlySet<string> = new Set([
	"+",
	"-",
	"=",
	"<",
	">",
	"<=",
	">=",
	"==",
	"!=",
	"isset",
	"notset",
]);
const thresholdTypes: ReadonlySet<string> = new Set(["threshold", "limit", "both", "detection_filter"]);
const thresholdTracks: ReadonlySet<string> = new Set(["by_src", "by_dst", "by_both", "by_rule", "by_flow"]);
