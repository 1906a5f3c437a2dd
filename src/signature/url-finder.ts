/**
 * Addresses (`https://...`) in text that comes piece by piece.
 *
 * Bounds: `maxUrls` of `maxUrl` characters; a part is read as far as `maxOctets`; the end of a piece is kept, as long as an
 * address may be.
 */
export class UrlFinder {
	readonly #found = new Set<string>();
	#tail = "";
	#octets = 0;

	get urls(): readonly string[] {
		return [...this.#found];
	}

	write(octets: Uint8Array): void {
		if (this.#octets >= maxOctets || this.#found.size >= maxUrls) return;
		this.#octets += octets.length;
		const text = this.#tail + Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString("latin1");
		this.#tail = this.#read(text);
	}

	/** The part is over. */
	end(): void {
		this.#read(`${this.#tail} `);
		this.#tail = "";
		this.#octets = 0;
	}

	/** Answers what of the text may be the beginning of one that goes on. */
	#read(text: string): string {
		let at = 0;
		for (let mark = text.indexOf("://"); mark !== -1; mark = text.indexOf("://", at)) {
			at = mark + 3;
			const scheme = /(?:https?|ftp|smb)$/i.exec(text.slice(Math.max(0, mark - longestScheme), mark))?.[0];
			if (scheme === undefined) continue;
			const end = endOf(text, at);
			const start = mark - scheme.length;
			// It may go on in the next piece.
			if (end === text.length && end - start < maxUrl) return text.slice(start);
			if (end > at && this.#found.size < maxUrls) this.#found.add(text.slice(start, Math.min(end, start + maxUrl)));
			at = end;
		}
		return text.slice(Math.max(at, text.length - longestScheme - 2));
	}
}

function endOf(text: string, from: number): number {
	let at = from;
	while (at < text.length && at - from < maxUrl && !endsUrl(text.charCodeAt(at))) at++;
	return at;
}

/** White space, quotes, angle brackets, and what is no character of an address. */
function endsUrl(code: number): boolean {
	return code <= 0x20 || code === 0x22 || code === 0x27 || code === 0x3c || code === 0x3e || code === 0x7f;
}

const longestScheme = 5;
const maxUrls = 256;
const maxUrl = 1_024;
const maxOctets = 1_048_576;
