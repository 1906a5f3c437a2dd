/** The comparison as Markdown and as JSON. */
import type { Machine } from "../machine.ts";
import type { LimboCase } from "./cases.ts";
import type { Outcome } from "./probe.ts";

/** What every peer did with one case. */
export interface CaseResult extends Pick<LimboCase, "id" | "host" | "mustBeTrusted" | "isCore" | "time"> {
	readonly outcomes: Readonly<Record<string, Outcome>>;
}

export interface LimboRun {
	readonly date: string;
	readonly machine: Machine;
	readonly seconds: number;
	readonly versions: Readonly<Record<string, string>>;
	/** Why a peer was left out. */
	readonly missing: Readonly<Record<string, string>>;
	readonly leftOut: Readonly<Record<string, number>>;
	readonly cases: readonly CaseResult[];
}

/** How one peer did. Lists of case ids. */
export interface Score {
	/** Core cases that must be refused and were not. */
	readonly wrongAccepts: readonly string[];
	/** Other cases that must be refused, by a pedantic reading, and were not. */
	readonly pedanticAccepts: readonly string[];
	/** Cases that must be trusted and were not. */
	readonly wrongRefusals: readonly string[];
	/** Cases without a yes or no. */
	readonly silent: readonly string[];
}

export function scoreOf({ cases }: Pick<LimboRun, "cases">, peer: string): Score {
	const idsWhere = (fits: (result: CaseResult, kind: Outcome["kind"]) => boolean) =>
		cases.filter((result) => fits(result, result.outcomes[peer]?.kind ?? "silent")).map(({ id }) => id);
	return {
		wrongAccepts: idsWhere((result, kind) => !result.mustBeTrusted && result.isCore && kind === "reached"),
		pedanticAccepts: idsWhere((result, kind) => !result.mustBeTrusted && !result.isCore && kind === "reached"),
		wrongRefusals: idsWhere((result, kind) => result.mustBeTrusted && kind === "refused"),
		silent: idsWhere((_, kind) => kind === "silent"),
	};
}

/** Everything, for programs. */
export function limboJson(run: LimboRun): string {
	const scores = Object.fromEntries(Object.keys(run.versions).map((peer) => [peer, scoreOf(run, peer)]));
	return `${JSON.stringify({ ...run, scores }, undefined, "\t")}\n`;
}

/** The table, for people. `json` is where the list of cases is, seen from the page. */
export function limboMarkdown(run: LimboRun, json: string): string {
	const { cases } = run;
	const bad = cases.filter(({ mustBeTrusted }) => !mustBeTrusted);
	const core = bad.filter(({ isCore }) => isCore).length;
	const good = cases.length - bad.length;
	const rows = Object.entries(run.versions).map(([peer, version]) => {
		const { wrongAccepts, pedanticAccepts, wrongRefusals, silent } = scoreOf(run, peer);
		const counts = [
			`${wrongAccepts.length} of ${core}`,
			`${pedanticAccepts.length} of ${bad.length - core}`,
			`${wrongRefusals.length} of ${good}`,
			String(silent.length),
		];
		return `| ${peer} | ${counts.join(" | ")} | ${version} |`;
	});
	return [
		"# Bad certificate chains, accepted and refused",
		"",
		...describe(run, core, good),
		"",
		"| peer | bad chains accepted (core) | bad chains accepted (pedantic) | good chains refused | no answer | version |",
		"|---|---|---|---|---|---|",
		...rows,
		"",
		...Object.entries(run.missing).map(([peer, why]) => `Left out: ${peer}: ${why}.`),
		"## Which",
		"",
		...Object.keys(run.versions).flatMap((peer) => listed(run, peer)),
		"## How it was measured",
		"",
		...method,
		`what every peer did: [limbo.json](${json}).`,
		"",
		"Not served, and why:",
		"",
		...Object.entries(run.leftOut).map(([reason, count]) => `- ${count} ${reason}`),
		"",
	].join("\n");
}

function describe({ date, machine, seconds, cases }: LimboRun, core: number, good: number): string[] {
	const { cpu, cores, kernel, distribution, node, nodeOpenssl } = machine;
	return [
		`${cases.length} chains of x509-limbo, each presented by a real TLS server: ${good} that must be trusted, ${core} that must be`,
		`refused, ${cases.length - good - core} that a pedantic reader of the standards refuses. Measured ${date} UTC in one run of ${seconds} s by`,
		`\`npm run bench:limbo\` on ${cpu}, ${cores} cores, ${distribution}, ${kernel}, Node ${node} with OpenSSL ${nodeOpenssl}.`,
	];
}

function listed(run: LimboRun, peer: string): string[] {
	const { wrongAccepts, wrongRefusals } = scoreOf(run, peer);
	const line = (what: string, ids: readonly string[]) =>
		ids.length === 0 ? [] : [`**${peer}**, ${what}: ${ids.map((id) => `\`${id}\``).join(", ")}.`, ""];
	return [...line("bad core chains accepted", wrongAccepts), ...line("good chains refused", wrongRefusals)];
}

const method = [
	"For each chain an HTTPS server with that chain and its key listens on loopback and answers with a secret of its own. The peer",
	"is told to trust the chain's roots and nothing else, and is asked for the name that the case names. *Accepted* means that the",
	"secret came back to the client through the peer; everything else that was answered (an alert, an error page, a closed",
	"connection) is *refused*. Chains that are to be judged at a certain moment are judged with the peer's clock standing at that",
	"moment (faketime). Squid: `ssl_bump` peek, stare, bump, with `tls_outgoing_options cafile=`. HAProxy: a TLS bridge with",
	"`verify required`, `verifyhost` (which knows names only, no addresses) and `sni`. mitmproxy: regular mode, with `ssl_verify_upstream_trusted_ca`. Plain Node: `tls.connect` with",
	"`ca` and `servername`. All else as each has it by default. The gateway has no untrusted CA in this run, so that it blocks what it",
	"does not trust. A good chain that the gateway refuses in web-pki is one that OpenSSL refuses: both must say yes. The cases with",
];
