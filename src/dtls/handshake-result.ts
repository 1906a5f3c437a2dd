/** What a handshake of DTLS 1.2 has come to. */
import type { DtlsSuite } from "#dtls/suite.ts";

export interface DtlsOutcome {
	readonly suite: DtlsSuite;
	readonly group: number;
	readonly alpn: string | undefined;
	readonly hasExtendedMasterSecret: boolean;
	/** What the peer presented, DER, its own certificate first; empty for none. */
	readonly peerCertificates: readonly Uint8Array[];
}
