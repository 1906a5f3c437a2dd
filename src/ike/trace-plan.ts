/** What of VPNs is traced, and into which file: `security ike traceoptions` and `security ipsec traceoptions`. */
import type { Ike } from "#ike/ike-schema.ts";
import type { Ipsec } from "#ike/ipsec-schema.ts";

/** What can be traced: the flags of IKE and those of IPsec that have something to tell. */
export const traceTopics = [
	/** Every message of IKE. */
	"ike",
	/** What became of negotiations. */
	"general",
	/** How a configuration is taken up. */
	"config",
	/** Associations of ESP that come and go. */
	"database",
	/** Commands for the kernel. */
	"routing-socket",
	"security-associations",
	"packet-drops",
] as const;

export type TraceTopic = (typeof traceTopics)[number];

export interface TraceFilePlan {
	/** Name of the file in the log directory. */
	readonly name: string;
	readonly maxOctets: number;
	readonly files: number;
	readonly match: string | undefined;
	readonly isWorldReadable: boolean;
	readonly linesPerSecond: number | undefined;
}

/** The topics that the flags choose; none without flags. */
export function tracedTopics(ike: Ike, ipsec: Ipsec): readonly TraceTopic[] {
	const flags = new Set<string>();
	for (const flag of ike.traceoptions.flag.keys())
		for (const one of flag === "all" ? ikeTopics : [flag]) flags.add(one);
	for (const flag of ipsec.traceoptions.flag.keys())
		for (const one of flag === "all" ? ipsecTopics : [flag]) flags.add(one);
	return traceTopics.filter((topic) => flags.has(topic));
}

/** Where it goes. */
export function traceFileOf({ traceoptions: { file, rateLimit } }: Ike): TraceFilePlan {
	const name = file.filename ?? defaultName;
	return {
		name: name.endsWith(".log") ? name : `${name}.log`,
		maxOctets: file.size ?? defaultOctets,
		files: file.files ?? defaultFiles,
		match: file.match,
		isWorldReadable: file.worldReadable,
		linesPerSecond: rateLimit,
	};
}

/** Names of logs that are there already. */
export const takenLogNames: ReadonlySet<string> = new Set(["sallyport.log", "messages.log"]);

const ikeTopics: readonly TraceTopic[] = ["ike", "general", "config", "database", "routing-socket"];
const ipsecTopics: readonly TraceTopic[] = ["security-associations", "packet-drops"];
const defaultName = "iked";
const defaultOctets = 131_072;
const defaultFiles = 10;
