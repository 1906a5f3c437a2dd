/** One record per connection: who, what was decided and why, what both legs looked like, how it ended. */

/** What the policy decided for the connection. */
export type SessionDecision = "decrypt" | "bypass" | "block" | "none";

/** How far inspection got; "decrypted, not inspected" is a verdict of its own (R182). */
export type InspectionState = "inspected" | "decrypted, not inspected" | "not decrypted";

/** One TLS leg as it was negotiated. */
export interface LegRecord {
	/** "TLSv1.3" or "TLSv1.2". */
	readonly version: string;
	/** The suite's IANA name. */
	readonly cipherSuite: string;
	/** Key-exchange group, for example "X25519MLKEM768"; absent where the runtime does not tell. */
	readonly group?: string;
	readonly alpn?: string;
	readonly isResumed: boolean;
	/** SHA-256 of the certificate presented on this leg, lower-case hexadecimal. */
	readonly certificateSha256?: string;
	/** True on the client's leg when that certificate was loaded for the listener, and not minted. */
	readonly isOwnCertificate?: boolean;
}

/** One match of an inspection service. */
export interface Finding {
	readonly service: string;
	readonly name: string;
	/** Where it was found: "url", "request-headers", "request-body", "response-headers", "response-body", "stream". */
	readonly where: string;
	readonly verdict: "block" | "report";
	/** Method, host and path of the request it belongs to, where known; never a query string's value. */
	readonly request?: string;
}

/** The record of one connection. Times are milliseconds since 1970; absent fields were not reached. */
export interface SessionRecord {
	/** 16 lower-case hexadecimal digits, unique on this installation. */
	readonly id: string;
	readonly startedAt: number;
	readonly endedAt: number;
	readonly listener: string;
	readonly client: { readonly address: string; readonly port: number };
	/** What the client asked for (host as sent) and the address that was connected to. */
	readonly server: { readonly host: string; readonly port: number; readonly address?: string };
	readonly sni?: string;
	readonly ja3?: string;
	readonly ja4?: string;
	/** Encrypted ClientHello was there, be it GREASE. */
	readonly hasEch?: boolean;
	/** Whether `sni` hides the true name; absent when it was not asked. */
	readonly ech?: "real" | "grease" | "cannot-tell" | "inner";
	/** Whether the server that a transparent client addressed has the name of its ClientHello. */
	readonly nameCheck?: "agrees" | "differs" | "unresolved";
	readonly decision: SessionDecision;
	/** The policy's name, and under it the fact that decided, both in words. */
	readonly rule: string;
	readonly fact: string;
	/** The stage of inspection that decided, where it was not the policy: `inspection-bypass`, `traffic-management` and so on. */
	readonly stage?: string;
	/** The traffic-management rule whose rate it shared. */
	readonly rateLimit?: string;
	readonly profile?: string;
	/** Of a bypass: why, as `BypassCause` of the policy names it. */
	readonly cause?: string;
	readonly inspection: InspectionState;
	readonly clientLeg?: LegRecord;
	/** The common name that the client has proved by a certificate, else the fingerprint of that; or the user of a proxy. */
	readonly clientIdentity?: string;
	readonly serverLeg?: LegRecord;
	/** "trusted", or the first reason why the server's certificate is not. */
	readonly serverTrust?: string;
	/** The server left certificates out of its chain, and they were fetched. */
	readonly isChainRepaired?: boolean;
	/** What was found out about revocation: the answer, where it came from, and in words. Absent when nobody asked. */
	readonly revocation?: { readonly answer: string; readonly source: string; readonly sentence: string };
	readonly octetsToServer: number;
	readonly octetsToClient: number;
	readonly requests: number;
	readonly findings: readonly Finding[];
	/** Milliseconds from accept to: the ClientHello, the server's handshake done, the client's handshake done. */
	readonly timing: { readonly helloMs?: number; readonly serverReadyMs?: number; readonly clientReadyMs?: number };
	/** Why it ended, in words. */
	readonly endedBecause: string;
	readonly faultCode?: string;
}
