/** What a worker lends to flows whose DTLS it opens. */
import type { CookieJar } from "#dtls/cookie.ts";
import type { Identity } from "#dtls/signature.ts";
import type { PlaintextStream } from "#inspect/plaintext-stream.ts";
import type { Certificate } from "#pki/certificate.ts";
import type { RevocationVerdict } from "#pki/revocation.ts";
import type { ClientJudgement } from "#proxy/judge-client.ts";
import type { JudgedServer, ServerJudgement } from "#proxy/judge-server.ts";
import type { ClientAuthentication, ProfileRevocation, ProxyProfile } from "#proxy/profile.ts";
import type { ClientHello } from "#tls/client-hello.ts";

/** Whose octets are inspected. */
export interface InspectedClient {
	readonly address: string;
	readonly port: number;
	/** Anybody can have sent them in its name: it speaks by datagrams, and has not proved its address. */
	readonly isForgeable?: boolean;
}

export interface DtlsResources {
	readonly cookies: CookieJar;
	random(octets: number): Uint8Array;
	/** The certificates of these names whose keys DTLS can use. */
	identities(ids: readonly string[]): readonly Identity[];
	/** The certificate to present to this server, if it asks. */
	clientIdentity(profile: ProxyProfile, host: string): Identity | undefined;
	/** `chain` is DER, the server's own certificate first. */
	judgeServer(chain: readonly Uint8Array[], host: string, profile: ProxyProfile, now: number): ServerJudgement;
	checkRevocation(
		judged: JudgedServer,
		profile: ProxyProfile,
		settings: ProfileRevocation,
		answer: (verdict: RevocationVerdict) => void,
	): void;
	judgeClient(chain: readonly Uint8Array[], clients: ClientAuthentication, now: number): ClientJudgement;
	/** The inspection of the datagrams of a flow; undefined when nothing is inspected. */
	inspect(facts: {
		readonly profile: ProxyProfile;
		readonly sessionId: string;
		readonly rule: string;
		/** Version and suite of the opened leg, in words. */
		readonly tls: string;
		readonly client: InspectedClient;
		readonly server: { readonly address: string; readonly port: number };
		/** Zone of the listener, where one is stated. */
		readonly fromZone: string | undefined;
		/** The name that the client asked the proxy for. */
		readonly requestedName: string | undefined;
		readonly hello: ClientHello | undefined;
		readonly certificate: Certificate | undefined;
	}): PlaintextStream | undefined;
}
