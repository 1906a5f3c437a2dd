/**
 * Fetches one feed in a thread of its own: what strangers may send, be it huge, slow or hard to read, keeps nobody waiting,
 * and its end can be had at any time.
 *
 * What was fetched takes the place of the file before in one step, and only when it can be the feed.
 */
import { createHash, hash } from "node:crypto";
import { renameSync, rm, writeFileSync } from "node:fs";
import type { TLSSocket } from "node:tls";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type Address, type Endpoint, formatAddress, type Prefix } from "#base/address.ts";
import { type DownloadOrder, type DownloadOutcome, type DownloadPorts, download } from "#daemon/feed-download.ts";
import { lookUp } from "#daemon/worker-revocation.ts";
import type { FeedSource } from "#inspect/compile-precedence.ts";
import { FeedTable } from "#inspect/feed-table.ts";
import { type FeedAccount, type FeedShape, feedObstacle, fillFeed } from "#inspect/fill-feed.ts";
import type { TrustSelection, TrustSources } from "#pki/trust-selection.ts";
import { ServerJudge, type ServerQuestion } from "#proxy/judge-server.ts";
import { issuersOf, opensslErrorOf } from "#proxy/leg-record-shell.ts";
import { isListenerAddress } from "#proxy/listener-shell.ts";
import { Resolver } from "#proxy/resolver-shell.ts";
import { TrustStore } from "#proxy/trust-store-shell.ts";
import { readRulePackage } from "#signature/rule-package.ts";

/** What the configuration says of fetching. */
export interface FetchSurroundings {
	readonly trust: TrustSources;
	readonly selection: TrustSelection;
	/** SHA-256 of the public keys of the gateway's signing CAs (V23). */
	readonly ownAuthorities: ReadonlySet<string>;
	readonly staticHosts: ReadonlyMap<string, readonly Address[]>;
	/** Where the gateway itself listens. */
	readonly listens: readonly Endpoint[];
	readonly permitted: readonly Prefix[];
}

export interface FeedOrder extends DownloadOrder, FeedShape {
	readonly name: string;
	readonly content?: FeedSource["content"];
	/** Absolute. */
	readonly file: string;
}

export type FeedOutcome =
	| (Omit<DownloadOutcome & { readonly kind: "fetched" }, "octets"> & {
			readonly account: FeedAccount;
			readonly size: number;
			/** The same for the same octets. */
			readonly digest: string;
	  })
	| Exclude<DownloadOutcome, { readonly kind: "fetched" }>;

/**
 * Begins a fetch; `done` is called once, unless it is cancelled by calling what is answered.
 *
 * Bounds: `totalMs` for all of it; memory as the size and the entries of the feed allow.
 */
export function fetchFeed(
	order: FeedOrder,
	surroundings: FetchSurroundings,
	totalMs: number,
	done: (outcome: FeedOutcome) => void,
): () => void {
	const thread = new Worker(new URL(import.meta.url), {
		workerData: { [purpose]: { order, surroundings } },
		name: "feed",
		// Secrets of the process are nobody's business there.
		env: {},
		resourceLimits: { maxOldGenerationSizeMb: maxHeapMib },
	});
	let isOver = false;
	const end = (outcome?: FeedOutcome) => {
		if (isOver) return;
		isOver = true;
		clearTimeout(timer);
		void thread.terminate();
		// A thread that was ended may have left half of a file.
		if (outcome?.kind !== "fetched") rm(partOf(order.file), () => undefined);
		if (outcome !== undefined) done(outcome);
	};
	const timer = setTimeout(() => end(failed(`it was not fetched within ${totalMs / 1000} s`)), totalMs);
	thread.on("message", (outcome: FeedOutcome) => end(outcome));
	thread.on("error", (error: NodeJS.ErrnoException) => {
		const isFull = error.code === "ERR_WORKER_OUT_OF_MEMORY";
		end(failed(isFull ? "it does not fit into memory; see maximum-size and maximum-entries" : "its thread failed"));
	});
	thread.on("exit", () => end(failed("its thread ended")));
	return () => end();
}

/** In the thread. */
async function fetchHere(order: FeedOrder, surroundings: FetchSurroundings): Promise<FeedOutcome> {
	const outcome = await download(order, portsOf(surroundings));
	if (outcome.kind !== "fetched") return outcome;
	const { octets: sent, ...version } = outcome;
	const content = order.content === "rules" ? rulesIn(sent) : feedIn(order, sent);
	if (typeof content === "string")
		return failed(`what it sent is not ${order.content === "rules" ? "a set of rules" : "the feed"}: ${content}`);
	const { octets, account } = content;
	try {
		writeFileSync(partOf(order.file), octets, { mode: 0o600, flush: true });
		renameSync(partOf(order.file), order.file);
	} catch (error) {
		return failed(`it cannot be kept: ${(error as Error).message}`);
	}
	const digest = createHash("sha256").update(octets).digest("hex");
	return { ...version, account, size: octets.length, digest };
}

/** What is kept, and what is in it. */
interface Content {
	readonly octets: Buffer;
	readonly account: FeedAccount;
}

function feedIn(order: FeedOrder, octets: Buffer): Content | string {
	const account = fillFeed(new FeedTable(), order.name, octets.toString("utf8"), order, Date.now());
	if (typeof account === "string") return account;
	return feedObstacle(octets.length, account) ?? { octets, account };
}

function rulesIn(octets: Buffer): Content | string {
	const rules = readRulePackage(octets);
	if (typeof rules === "string") return rules;
	const { text, loaded: entries, disabled: refused, leftOut: unsupported } = rules;
	return { octets: Buffer.from(text, "latin1"), account: { entries, refused, unsupported } };
}

function portsOf(surroundings: FetchSurroundings): DownloadPorts {
	const { trust, selection, ownAuthorities, staticHosts, listens, permitted } = surroundings;
	const own = listens.map((listen) => ({ listen }));
	const isOwnListener = (address: Address, port: number) => isListenerAddress(own, formatAddress(address), port);
	const resolver = new Resolver(staticHosts, maxNames, keepNamesMs);
	const store = new TrustStore(trust, selection);
	const judge = new ServerJudge(maxJudged, ownAuthorities, () => undefined);
	return {
		guard: { permitted, isOwnListener },
		lookUp: (host, answer) => lookUp(resolver, host, answer),
		roots: () => [...store.roots(trusted).pem],
		distrust: (socket, host) => {
			const question = questionAbout(socket, host, store);
			if (question === undefined) return "it presented no certificate";
			const judgement = judge.judge(question, Date.now());
			if (judgement.kind === "unreadable") return `its certificate cannot be read: ${judgement.reason}`;
			return judgement.judged.isTrusted ? undefined : judgement.judged.reason;
		},
	};
}

function questionAbout(socket: TLSSocket, host: string, store: TrustStore): ServerQuestion | undefined {
	const certificate = socket.getPeerX509Certificate();
	if (certificate === undefined) return undefined;
	const { anchors, intermediates, key } = store.roots(trusted);
	return {
		leaf: certificate.raw,
		others: () => issuersOf(certificate),
		host,
		anchors,
		intermediates,
		trustKey: hash("sha256", key, "hex"),
		validation: "web-pki",
		opensslError: opensslErrorOf(socket),
	};
}

function failed(why: string): FeedOutcome & { readonly kind: "failed" } {
	return { kind: "failed", why };
}

function partOf(file: string): string {
	return `${file}.new`;
}

/** What the default trust store holds, and the CA profiles. */
const trusted = ["all"];
const purpose = "fetch-feed";
const maxHeapMib = 2_048;
const maxNames = 16;
const keepNamesMs = 10_000;
const maxJudged = 16;

if (!isMainThread && parentPort !== null && workerData?.[purpose] !== undefined) {
	const { order, surroundings } = workerData[purpose] as { order: FeedOrder; surroundings: FetchSurroundings };
	const port = parentPort;
	void fetchHere(order, surroundings).then((outcome) => port.postMessage(outcome));
}
