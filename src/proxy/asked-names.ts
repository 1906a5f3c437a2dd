/** What the requests of a decrypted session are held against: names that its client asked for before, and a certificate. */
import { parseAddress } from "#base/address.ts";
import { normalizeHostName } from "#base/host-name.ts";
import type { AskedNames } from "#inspect/fronting-service.ts";
import type { Certificate } from "#pki/certificate.ts";
import { verifyName } from "#pki/verify-name.ts";
import type { WayIn } from "#proxy/way-in.ts";

export interface AskedSession {
	readonly way: WayIn["kind"];
	/** What the client asked the proxy for, or the address that it connected to. */
	readonly host: string;
	readonly sni: string | undefined;
	/** The listener's own, which the client was shown, or that of the server when it is trusted. */
	readonly certificate: Pick<Certificate, "typed"> | undefined;
}

/** Undefined where clients ask for no server: in clear, with TLS added behind them. */
export function askedNames({ way, host, sni, certificate }: AskedSession): AskedNames | undefined {
	if (way === "encrypt" || way === "pass-through") return undefined;
	const isBorne = (name: string) => bears(certificate, name);
	const named = sni === undefined ? undefined : normalizeHostName(sni);
	// The server of a listener is the operator's choice: its clients have named nobody by it.
	if (way === "reverse" || way === "offload") return { name: named, isBorne };
	if (named === undefined) return { name: host, isBorne };
	const isOther = host !== named && parseAddress(host) === undefined && !isBorne(host);
	return { name: named, isBorne, ...(isOther ? { otherName: host } : {}) };
}

function bears(certificate: AskedSession["certificate"], name: string): boolean {
	return certificate !== undefined && verifyName(certificate.typed.subjectAltName, name).kind === "match";
}
