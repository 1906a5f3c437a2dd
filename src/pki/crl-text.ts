/** Revocation lists as `show security pki crl` prints them, in the layout of Junos. */
import { shortDate } from "#pki/certificate-text.ts";
import type { Crl } from "#pki/crl.ts";
import { visibleText } from "#telemetry/display-text.ts";

/** What is told of a list that lies elsewhere. Times in milliseconds since 1970. */
export interface CrlFacts {
	readonly version: number;
	readonly issuer: string;
	readonly thisUpdate: number;
	readonly nextUpdate: number | undefined;
	readonly entries: number;
}

export function crlFacts(crl: Crl): CrlFacts {
	const { version, thisUpdate, nextUpdate, entryCount } = crl;
	return { version, issuer: crl.issuer.text, thisUpdate, nextUpdate, entries: entryCount };
}

/** The few lines of a list. `title` is its first line. */
export function crlBrief(title: string, facts: CrlFacts): string {
	const { version, issuer, thisUpdate, nextUpdate, entries } = facts;
	return [
		visibleText(title),
		`  CRL version: V${String(version).padStart(8, "0")}`,
		`  CRL issuer: ${visibleText(issuer)}`,
		`  Effective date: ${shortDate(thisUpdate)}`,
		`  Next update: ${nextUpdate === undefined ? "none" : shortDate(nextUpdate)}`,
		`  Revoked certificates: ${entries}`,
		"",
	].join("\n");
}

/** The revoked certificates of a list, a line each. */
export function* crlEntries(crl: Crl): Iterable<string> {
	if (crl.entryCount === 0) return;
	yield "  Revocation List:\n";
	yield "    Serial number               Revocation date\n";
	for (const { serial, revokedAt } of crl.entries()) {
		const text = Buffer.from(serial)
			.toString("hex")
			.replace(/^00(?=.)/, "");
		yield `    ${text.padEnd(serialWidth)} ${shortDate(revokedAt)}\n`;
	}
}

const serialWidth = 27;
