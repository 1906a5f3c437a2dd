/** What flows of DTLS borrow of a worker's resources for sessions. */
import { createPrivateKey, randomBytes } from "node:crypto";
import type { CookieJar } from "#dtls/cookie.ts";
import { type Identity, identityOf } from "#dtls/signature.ts";
import { validationProfiles } from "#pki/validation-profile.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import { judgeClient } from "#proxy/judge-client.ts";
import type { OwnCertificate } from "#proxy/own-certificates.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import type { SessionResources } from "#proxy/session-resources-shell.ts";

/** `cookies` outlive a configuration: a client may be amid its first two messages. */
export function dtlsResources(resources: DtlsLenders, cookies: CookieJar): DtlsResources {
	const made = new WeakMap<OwnCertificate, { readonly identity: Identity | undefined }>();
	const identity = (id: string): Identity | undefined => {
		const own = resources.ownCertificates.entry(id);
		if (own === undefined) return undefined;
		const known = made.get(own) ?? { identity: readIdentity(own) };
		made.set(own, known);
		return known.identity;
	};
	const trustOf = (profile: ProxyProfile) => resources.trustedRoots(profile.trustStore);
	return {
		cookies,
		random: (octets) => randomBytes(octets),
		identities: (ids) => ids.flatMap((id) => identity(id) ?? []),
		clientIdentity: ({ clientCertificates }, host) =>
			identity(clientCertificates.match(host.toLowerCase())?.value ?? ""),
		judgeServer: ([leaf = new Uint8Array(0), ...others], host, profile, now) => {
			const { anchors, intermediates, key } = trustOf(profile);
			const { validation, minimumKeyBits } = profile;
			const trustKey = `${validation} ${minimumKeyBits ?? ""} ${key}`;
			const question = {
				leaf,
				others: () => others,
				host,
				anchors,
				intermediates,
				trustKey,
				validation,
				minimumKeyBits,
			};
			return resources.judge.judge({ ...question, opensslError: undefined, isOpensslAsked: false }, now);
		},
		checkRevocation: ({ path, pathKey }, profile, settings, answer) => {
			const { anchors } = trustOf(profile);
			const rules = validationProfiles[profile.validation];
			const question = { path, pathKey, staple: undefined, isResumed: false, anchors, profile: rules, settings };
			resources.revocation.check(question, answer);
		},
		judgeClient: (chain, { trustStore }, now) => {
			const { anchors, intermediates } = resources.trustedRoots(trustStore);
			return judgeClient(chain, anchors, intermediates ?? [], now);
		},
		inspect: (facts) => {
			const profile = { ...facts.profile, decryptedService: "other" as const };
			return resources.inspect({
				...facts,
				profile,
				alpn: datagrams,
				mail: undefined,
				names: undefined,
				judgeName: undefined,
				edits: undefined,
			});
		},
	};
}

type DtlsLenders = Pick<SessionResources, "ownCertificates" | "trustedRoots" | "judge" | "revocation" | "inspect">;

function readIdentity({ certificates, key }: OwnCertificate): Identity | undefined {
	return identityOf(certificates, createPrivateKey({ key: Buffer.from(key), format: "der", type: "pkcs8" }));
}

/** No protocol of TLS has this name: the octets are looked at as they are. */
export const datagrams = "datagrams";
