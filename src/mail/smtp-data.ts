/**
 * Finds the end of the message data of SMTP: CR LF . CR LF, and nothing else.
 *
 * A CR or LF alone is a problem: a server that ends the data at `LF . LF` would read the rest as commands (SMTP smuggling).
 *
 * Source: RFC 5321 §4.5.2, §2.3.8.
 */
export class SmtpDataScanner {
	#phase = lineStart;
	problem: string | undefined;

	/** Makes ready for the next message. */
	begin(): void {
		this.#phase = lineStart;
	}

	/** Answers how many of the octets belong to the data, and whether they end it. */
	scan(octets: Uint8Array): { readonly octets: number; readonly isEnd: boolean } {
		let phase = this.#phase;
		for (let at = 0; at < octets.length; at++) {
			const octet = octets[at];
			if (phase === afterCr || phase === dotCr) {
				if (octet !== lf) return this.#fail("CR without LF in message data", at);
				if (phase === dotCr) return { octets: at + 1, isEnd: true };
				phase = lineStart;
			} else if (octet === lf) return this.#fail("LF without CR in message data", at);
			else if (octet === cr) phase = phase === dot ? dotCr : afterCr;
			else phase = phase === lineStart && octet === 0x2e ? dot : inLine;
		}
		this.#phase = phase;
		return { octets: octets.length, isEnd: false };
	}

	#fail(reason: string, octets: number) {
		this.problem = reason;
		return { octets, isEnd: false };
	}
}

const lineStart = 0;
const inLine = 1;
const dot = 2;
const afterCr = 3;
const dotCr = 4;
const cr = 0x0d;
const lf = 0x0a;
