/** An SSL proxy profile, compiled from the configuration: everything a session asks of it. */

import type { HostPatternMap } from "#base/host-name.ts";
import type { FrontingSettings } from "#inspect/fronting-service.ts";
import type { DecryptedService } from "#inspect/open-plaintext.ts";
import { isRsaClass, type LeafKeyClass } from "#pki/leaf-key-class.ts";
import type { RevocationSettings } from "#pki/revocation-settings.ts";
import type { ProfileName } from "#pki/validation-profile.ts";
import type { DomainSet } from "#policy/domain-set.ts";
import type { DecryptionExemptions } from "#policy/evaluate.ts";
import type { LearnedBypassSettings } from "#proxy/learned-bypass.ts";
import type { TlsLegs } from "#tls/leg-settings.ts";

/** Revocation of servers' certificates. */
export interface ProfileRevocation extends RevocationSettings {
	/** A session about whose server nothing can be learned is ended. */
	readonly dropsUnavailable: boolean;
}

/** Certificates of clients, and who may vouch for them. */
export interface ClientAuthentication {
	/** Who has none is refused. */
	readonly isRequired: boolean;
	readonly trustStore: readonly string[];
	/** How an HTTP server hears who a client is; undefined when it does not. */
	readonly headers?: IdentityHeaders | undefined;
}

/** Names of the fields that tell it; undefined where that piece is not told. */
export interface IdentityHeaders {
	/** `Client-Cert` of RFC 9440. */
	readonly isClientCert: boolean;
	readonly subject: string | undefined;
	readonly fingerprint: string | undefined;
	readonly certificate: string | undefined;
}

export interface ProxyProfile extends DecryptionExemptions {
	/** Names that are decrypted whatever is said of their category, or learned. */
	readonly overrides: DomainSet;
	/** Names of the certificates that stand for servers of one's own (R2). */
	readonly serverCertificates: readonly string[];
	/** Clients that ask get OCSP responses about these certificates in the handshake (R35). */
	readonly staples: boolean;
	/** Clients must, or may, prove who they are; undefined when nobody asks. */
	readonly clientAuthentication?: ClientAuthentication | undefined;
	/** Names of the signing CAs. Without an untrusted one, untrusted servers are blocked. */
	readonly trustedCa: string | undefined;
	readonly untrustedCa: string | undefined;
	/** Those that sign leaves with RSA keys; the ones above do when undefined. */
	readonly trustedRsaCa: string | undefined;
	readonly untrustedRsaCa: string | undefined;
	readonly blocksInvalidCertificates: boolean;
	readonly blocksExpiredCertificates: boolean;
	/** The shortest RSA key of a server that is trusted; undefined leaves it to `validation`. */
	readonly minimumKeyBits: number | undefined;
	/** Danger: every server counts as trusted. */
	readonly ignoresServerAuthFailure: boolean;
	readonly passesNonTls: boolean;
	/** What becomes of sessions whose name in clear hides another one (ECH); GREASE is never one of them. */
	readonly encryptedClientHello: "refuse" | "log" | "pass";
	/** What becomes of sessions of transparent clients whose server is not at an address of its name (V22). */
	readonly sniAddressMismatch: "ignore" | "log" | "drop";
	/** What becomes of mail that begins in clear (R180). */
	readonly starttls: "drop" | "allow" | "require";
	/** What becomes of sessions whose server asks for a client's certificate. */
	readonly clientCertificateRequest: "drop" | "bypass" | "present";
	/** Names of the local certificates for servers that ask, by server. */
	readonly clientCertificates: Pick<HostPatternMap<string>, "match" | "values">;
	/** Responses lose Alt-Svc, so that clients do not go on to HTTP/3. */
	readonly stripsAltSvc: boolean;
	/** What becomes of requests for other names than that of their connection (F12). */
	readonly fronting: FrontingSettings;
	/** Who gets a TCP reset when a session is blocked. */
	readonly sendsReset: "client" | "server" | "both" | undefined;
	readonly mayResumeSessions: boolean;
	/** What each leg may negotiate. */
	readonly legs: TlsLegs;
	/** How strict path validation of servers is. */
	readonly validation: ProfileName;
	/** How it is found out that a server's certificate was revoked; undefined when nobody asks. */
	readonly revocation: ProfileRevocation | undefined;
	/** Issuers that a server does not send are fetched. */
	readonly repairsChains: boolean;
	/** What is within TLS, as it is stated; found out when undefined (R117, R129). */
	readonly decryptedService: DecryptedService | undefined;
	/** Servers are offered HTTP/1.1 where the client offers HTTP/2. */
	readonly downgradesHttp2: boolean;
	/** When servers whose clients refuse to be opened are let be; undefined for never. */
	readonly learnedBypass: LearnedBypassSettings | undefined;
	/** Which sessions are recorded. */
	readonly log: {
		readonly allowed: boolean;
		readonly dropped: boolean;
		readonly exempted: boolean;
		readonly errors: boolean;
		readonly ignored: boolean;
		readonly warnings: boolean;
	};
	/** Names of the CA profiles that may vouch for servers, or `all`. */
	readonly trustStore: readonly string[];
	/** The pattern policy of the security policy; undefined when nothing is looked for. */
	readonly patternPolicy: string | undefined;
	/** Its policy of intrusion detection. */
	readonly idpPolicy: string | undefined;
}

/** The name of the CA that signs a leaf of this key class; undefined when there is none for untrusted servers. */
export function signingCaFor(
	profile: ProxyProfile,
	signer: "trusted" | "untrusted",
	keyClass: LeafKeyClass,
): string | undefined {
	const { trustedCa, untrustedCa, trustedRsaCa, untrustedRsaCa } = profile;
	const [usual, rsa] = signer === "trusted" ? [trustedCa, trustedRsaCa] : [untrustedCa, untrustedRsaCa];
	return isRsaClass(keyClass) ? (rsa ?? usual) : usual;
}
