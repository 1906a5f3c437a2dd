/** Turns the TLS statements of a profile into what its legs may negotiate. */
import type { ClientAuthentication } from "#proxy/profile.ts";
import type { SslProxyProfile } from "#proxy/ssl-proxy-schema.ts";
import type { ClientAuthenticationStatement } from "#tls/client-authentication-schema.ts";
import { type LegSettings, type LegStatements, legSettings, type TlsLegs } from "#tls/leg-settings.ts";
import { standAloneStatements, type TlsConfig } from "#tls/schema.ts";

/** What a proxy profile says of the leg to clients. */
export function clientStatements(profile: LegPart): LegStatements {
	const { tlsGrade: grade, protocolVersion: versions, preferredCiphers: preferred, customCiphers: custom } = profile;
	return { grade, versions, preferred, custom, groups: profile.groups, renegotiation: profile.actions?.renegotiation };
}

/** What it says of the leg to servers: where it says nothing apart, the same. */
export function serverStatements(profile: LegPart): LegStatements {
	const both = clientStatements(profile);
	const { serverProtocolVersion: versions, serverCustomCiphers: custom, serverGroups: groups } = profile;
	return {
		...both,
		versions: versions ?? both.versions,
		...(custom.length > 0 ? { preferred: "custom", custom } : {}),
		groups: groups.length > 0 ? groups : both.groups,
		isOwnOffer: versions !== undefined || custom.length > 0,
	};
}

/** Both legs of `services ssl proxy profile`. */
export function compileLegs(profile: LegPart): TlsLegs {
	return { client: legSettings(clientStatements(profile)), server: legSettings(serverStatements(profile)) };
}

/** `services ssl initiation profile`: TLS towards a server without a client's TLS in front. */
export interface InitiationPlan {
	readonly name: string;
	readonly leg: LegSettings;
	/** Names of the CA profiles and groups that may vouch for servers, or `all`. */
	readonly trustStore: readonly string[];
	/** The local certificate for servers that ask. */
	readonly clientCertificate: string | undefined;
	readonly mayResumeSessions: boolean;
	/** Danger: every server counts as trusted. */
	readonly ignoresServerAuthFailure: boolean;
}

/** `services ssl termination profile`: TLS of clients that ends here. */
export interface TerminationPlan {
	readonly name: string;
	readonly leg: LegSettings;
	/** Names of local certificates, chosen by the name that the client asks for; the first when none fits. */
	readonly serverCertificates: readonly string[];
	/** OCSP responses about them are stapled. */
	readonly staples: boolean;
	readonly clientAuthentication: ClientAuthentication | undefined;
	readonly mayResumeSessions: boolean;
}

/** The plan of an initiation profile; undefined when there is none of this name. */
export function compileInitiation(config: TlsConfig, name: string): InitiationPlan | undefined {
	const profile = config.services.ssl.initiation.profile.get(name);
	if (profile === undefined) return undefined;
	return {
		name,
		leg: legSettings(standAloneStatements(profile)),
		trustStore: profile.trustedCa,
		clientCertificate: profile.clientCertificate,
		mayResumeSessions: profile.enableSessionCache,
		ignoresServerAuthFailure: profile.actions.ignoreServerAuthFailure,
	};
}

/** The plan of a termination profile; undefined when there is none of this name. */
export function compileTermination(config: TlsConfig, name: string): TerminationPlan | undefined {
	const profile = config.services.ssl.termination.profile.get(name);
	if (profile === undefined) return undefined;
	const { clientAuthentication: clients } = profile;
	return {
		name,
		leg: legSettings(standAloneStatements(profile)),
		serverCertificates: profile.serverCertificate,
		staples: !profile.disableOcspStapling,
		clientAuthentication: compileClients(clients),
		mayResumeSessions: profile.enableSessionCache,
	};
}

/** `client-authentication` of a profile; undefined when nobody asks for certificates. */
export function compileClients(clients: ClientAuthenticationStatement | undefined): ClientAuthentication | undefined {
	if (clients === undefined) return undefined;
	const { optional, trustedCa: trustStore, identityHeaders } = clients;
	const authentication = { isRequired: !optional, trustStore };
	if (identityHeaders === undefined) return authentication;
	const { clientCert, subject, fingerprint, certificate } = identityHeaders;
	const isAlone = subject === undefined && fingerprint === undefined && certificate === undefined;
	return { ...authentication, headers: { isClientCert: clientCert || isAlone, subject, fingerprint, certificate } };
}

type LegPart = Pick<
	SslProxyProfile,
	| "tlsGrade"
	| "protocolVersion"
	| "serverProtocolVersion"
	| "preferredCiphers"
	| "customCiphers"
	| "serverCustomCiphers"
	| "groups"
	| "serverGroups"
> & { readonly actions?: Pick<SslProxyProfile["actions"], "renegotiation"> };
