/** The chains of x509-limbo that a real TLS server can present, and why the others are left out. */
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** One chain, with what a correct validator says of it. */
export interface LimboCase {
	readonly id: string;
	/** The name that the server is asked for: a host name or an address of loopback. */
	readonly host: string;
	readonly mustBeTrusted: boolean;
	/** False where only the pedantic reading of a rule tells the answer: such a case is counted apart. */
	readonly isCore: boolean;
	/** The server's key, its certificate and what it sends besides, PEM. */
	readonly key: string;
	readonly chain: string;
	/** The only roots that may vouch, PEM. */
	readonly roots: string;
	/** When it is asked, `2024-03-01 00:00:00` UTC; undefined is today. */
	readonly time: string | undefined;
}

export interface Selection {
	readonly cases: readonly LimboCase[];
	/** How many cases were left out, by the reason. */
	readonly leftOut: Readonly<Record<string, number>>;
}

interface RawCase {
	readonly id: string;
	readonly conflicts_with: readonly string[];
	readonly features: readonly string[];
	readonly validation_kind: string;
	readonly trusted_certs: readonly string[];
	readonly untrusted_intermediates: readonly string[];
	readonly peer_certificate: string;
	readonly peer_certificate_key: string | null;
	readonly validation_time: string | null;
	readonly expected_result: string;
	readonly expected_peer_name: { readonly kind: string; readonly value: string } | null;
	readonly max_chain_depth: number | null;
	readonly crls: readonly string[];
}

/** The cases of the file that the conformance tests use. */
export function readLimbo(): Selection {
	const file = join(import.meta.dirname, "../../test/data/limbo/limbo.json.gz");
	const { testcases } = JSON.parse(gunzipSync(readFileSync(file)).toString("utf8")) as { testcases: RawCase[] };
	const cases: LimboCase[] = [];
	const leftOut: Record<string, number> = {};
	for (const raw of testcases) {
		const reason = whyLeftOut(raw);
		if (reason === undefined) cases.push(read(raw));
		else leftOut[reason] = (leftOut[reason] ?? 0) + 1;
	}
	return { cases, leftOut };
}

/** The cases that are asked at the same time, together: a program's clock is set when it starts. */
export function byTime(cases: readonly LimboCase[]): ReadonlyMap<string | undefined, readonly LimboCase[]> {
	return Map.groupBy(cases, ({ time }) => time);
}

function whyLeftOut(raw: RawCase): string | undefined {
	const { value: host } = raw.expected_peer_name ?? {};
	if (raw.validation_kind !== "SERVER") return "about client certificates";
	if (raw.peer_certificate_key === null) return "no key to serve the certificate with";
	if (host === undefined) return "no name to ask for";
	if (raw.conflicts_with.length > 0) return "that another case of the suite answers the other way";
	if (raw.crls.length > 0) return "about revocation lists given from outside";
	if (raw.max_chain_depth !== null) return "about a limit of the path's length given from outside";
	if (isIP(host) !== 0 && !isLoopback(host)) return "for an address that is not of this machine";
	if (raw.validation_time !== null && /\.\d*[1-9]/.test(raw.validation_time)) return "about a fraction of a second";
	return undefined;
}

function read(raw: RawCase): LimboCase {
	return {
		id: raw.id,
		host: raw.expected_peer_name?.value ?? "",
		mustBeTrusted: raw.expected_result === "SUCCESS",
		isCore: !raw.features.some((feature) => feature.startsWith("pedantic-")),
		key: raw.peer_certificate_key ?? "",
		chain: [raw.peer_certificate, ...raw.untrusted_intermediates].join("\n"),
		roots: raw.trusted_certs.join("\n"),
		time: raw.validation_time?.slice(0, 19).replace("T", " "),
	};
}

function isLoopback(host: string): boolean {
	return host === "::1" || host.startsWith("127.");
}
