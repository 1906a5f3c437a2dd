/**
 * What the feeds of one category hold, asked by address, name, URL or fingerprint.
 *
 * An entry is one of: an address or prefix; a host name, which covers every depth below it too; a URL with or without
 * its scheme, which covers what lies below its path however that is written; hexadecimal digits of a fingerprint.
 *
 * Bounds: about 100 octets an entry; a question costs a look-up for each distinct length of a prefix, each label of a
 * name and each step of a path, as many as the longest entry has.
 */
import { type Address, formatAddress, formatPrefix, parseAddress, parsePrefix } from "#base/address.ts";
import { parseAuthority } from "#base/authority.ts";
import { plainTarget } from "#inspect/url-path.ts";
import { maskedKey } from "#policy/address-set.ts";

/** An entry that matched. */
export interface FeedHit {
	readonly feed: string;
	/** As the feed has it. */
	readonly entry: string;
	/** 1 to 10, the worst. */
	readonly level: number;
}

export class FeedTable {
	readonly #byLength = new Map<number, Map<string, FeedHit[]>>();
	readonly #names = new Map<string, FeedHit[]>();
	readonly #urls = new Map<string, FeedHit[]>();
	readonly #fingerprints = new Map<string, FeedHit[]>();
	/** Slashes of the URL that has most of them. */
	#maxSteps = 0;
	#size = 0;

	get size(): number {
		return this.#size;
	}

	/** Takes an entry; false when it is none of the kinds. */
	add(feed: string, text: string, level: number): boolean {
		const isTaken =
			this.#addPrefix(feed, text, level) || this.#addFingerprint(feed, text, level) || this.#addUrl(feed, text, level);
		if (isTaken) this.#size++;
		return isTaken;
	}

	/** Takes what another table has of the feed. */
	takeOver(feed: string, other: FeedTable): void {
		for (const [key, group] of other.#byLength) {
			const own = this.#byLength.get(key) ?? new Map<string, FeedHit[]>();
			this.#byLength.set(key, own);
			this.#size += copy(feed, group, own);
		}
		this.#size += copy(feed, other.#names, this.#names);
		this.#size += copy(feed, other.#urls, this.#urls);
		this.#size += copy(feed, other.#fingerprints, this.#fingerprints);
		this.#maxSteps = Math.max(this.#maxSteps, other.#maxSteps);
	}

	/** Entries that cover the address, the longest prefix first. */
	matchAddress({ octets }: Address): readonly FeedHit[] {
		const found: { readonly length: number; readonly hits: readonly FeedHit[] }[] = [];
		for (const [key, group] of this.#byLength) {
			if (key >> 8 !== octets.length) continue;
			const hits = group.get(maskedKey(octets, key & 0xff));
			if (hits !== undefined) found.push({ length: key & 0xff, hits });
		}
		return found.sort((one, other) => other.length - one.length).flatMap(({ hits }) => hits);
	}

	/** Entries that cover the name (in normal form), the longest first. */
	matchName(name: string): readonly FeedHit[] {
		const found: FeedHit[] = [];
		for (let at = 0; at !== -1; at = nextLabel(name, at)) found.push(...(this.#names.get(name.slice(at)) ?? []));
		return found;
	}

	/** Entries that cover the URL, the longest path first. `host` in normal form; `target` begins with a slash. */
	matchUrl(host: string, target: string): readonly FeedHit[] {
		if (this.#urls.size === 0) return none;
		const whole = plainTarget(target);
		const query = whole.indexOf("?");
		const path = query === -1 ? whole : whole.slice(0, query);
		const found: (readonly FeedHit[])[] = [];
		let slash = path.indexOf("/", 1);
		for (let step = 0; step < this.#maxSteps && slash !== -1; step++) {
			found.push(this.#urlsOf(host + path.slice(0, slash)), this.#urlsOf(host + path.slice(0, slash + 1)));
			slash = path.indexOf("/", slash + 1);
		}
		if (!path.endsWith("/")) found.push(this.#urlsOf(host + path));
		if (query !== -1) found.push(this.#urlsOf(host + whole));
		return found.reverse().flat();
	}

	/** Lower-case hexadecimal. */
	matchFingerprint(fingerprint: string): readonly FeedHit[] {
		return this.#fingerprints.get(fingerprint) ?? none;
	}

	#urlsOf(key: string): readonly FeedHit[] {
		return this.#urls.get(key) ?? none;
	}

	#addPrefix(feed: string, text: string, level: number): boolean {
		const prefix = parsePrefix(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
		if (prefix === undefined) return false;
		const { address, length } = prefix;
		const key = (address.octets.length << 8) | length;
		const group = this.#byLength.get(key) ?? new Map<string, FeedHit[]>();
		this.#byLength.set(key, group);
		const isWhole = length === address.octets.length * 8;
		put(group, maskedKey(address.octets, length), {
			feed,
			entry: isWhole ? formatAddress(address) : formatPrefix(prefix),
			level,
		});
		return true;
	}

	#addFingerprint(feed: string, text: string, level: number): boolean {
		const digits = text.replaceAll(":", "").toLowerCase();
		if (!fingerprintDigits.test(digits)) return false;
		put(this.#fingerprints, digits, { feed, entry: digits, level });
		return true;
	}

	/** A URL, or a name without anything behind it. */
	#addUrl(feed: string, text: string, level: number): boolean {
		const [, authority = "", rest = ""] = /^(?:https?:\/\/)?([^/?#]*)([/?][^#]*)?/i.exec(text) ?? [];
		const host = parseAuthority(authority.replace(/^\*\./, ""), anyPort)?.host;
		if (host === undefined || (wrongPrefix.test(text) && parseAddress(host) !== undefined)) return false;
		const hit = { feed, entry: text.slice(0, longestShown), level };
		const target = plainTarget(rest.startsWith("/") ? rest : `/${rest}`);
		if (target === "/") put(this.#names, host, hit);
		else {
			put(this.#urls, host + target, hit);
			this.#maxSteps = Math.max(this.#maxSteps, target.split("/").length);
		}
		return true;
	}
}

/** Answers how many there were. */
function copy(feed: string, from: ReadonlyMap<string, readonly FeedHit[]>, to: Map<string, FeedHit[]>): number {
	let count = 0;
	for (const [key, hits] of from) {
		const hit = hits.find((each) => each.feed === feed);
		if (hit === undefined) continue;
		put(to, key, hit);
		count++;
	}
	return count;
}

function put(map: Map<string, FeedHit[]>, key: string, hit: FeedHit): void {
	const hits = map.get(key);
	if (hits === undefined) map.set(key, [hit]);
	else if (!hits.some(({ feed }) => feed === hit.feed)) hits.push(hit);
}

function nextLabel(name: string, at: number): number {
	const dot = name.indexOf(".", at);
	return dot === -1 ? -1 : dot + 1;
}

const none: readonly FeedHit[] = [];
/** JA3 (MD5), SHA-1, SHA-256. */
const fingerprintDigits = /^(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})$/;
/** An address and a length of a prefix that there is not. */
const wrongPrefix = /^[^/]*\/\d+$/;
const anyPort = 443;
const longestShown = 200;
