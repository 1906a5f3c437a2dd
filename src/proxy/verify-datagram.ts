/** What a commit says of datagram listeners that open DTLS: their profiles must permit something that the engine speaks. */

import { error, type Finding } from "#config/finding.ts";
import { dtlsSuiteOf } from "#dtls/suite.ts";
import { clientStatements, serverStatements } from "#proxy/compile-legs.ts";
import { suitesOfDtls } from "#proxy/dtls-legs.ts";
import type { ProxyConfig } from "#proxy/schema.ts";
import { type LegStatements, legSettings } from "#tls/leg-settings.ts";
import { standAloneStatements, type TlsConfig } from "#tls/schema.ts";

/** DTLS 1.2 with ECDHE and AEAD, on each leg that is opened. */
export function verifyDatagram(config: ProxyConfig & TlsConfig): readonly Finding[] {
	const { ssl, gateway } = config.services;
	const findings: Finding[] = [];
	for (const [listener, { profile, terminationProfile, initiationProfile }] of gateway.datagram) {
		const path = ["services", "gateway", "datagram", listener];
		const proxied = ssl.proxy.profile.get(profile ?? "");
		const terminated = ssl.termination.profile.get(terminationProfile ?? "");
		const initiated = ssl.initiation.profile.get(initiationProfile ?? "");
		const say = (statement: string, name: string | undefined, legs: readonly LegStatements[]) => {
			if (legs.every(hasSuite)) return;
			const message = `profile '${name}' permits nothing of DTLS 1.2; expected version 1.2 and a suite of ECDHE with AES-GCM or ChaCha20-Poly1305`;
			findings.push(error(path, statement, message));
		};
		if (proxied !== undefined) say("profile", profile, [clientStatements(proxied), serverStatements(proxied)]);
		if (terminated !== undefined) say("termination-profile", terminationProfile, [standAloneStatements(terminated)]);
		if (initiated !== undefined) say("initiation-profile", initiationProfile, [standAloneStatements(initiated)]);
	}
	return findings;
}

function hasSuite(statements: LegStatements): boolean {
	return suitesOfDtls(legSettings(statements)).some((code) => dtlsSuiteOf(code) !== undefined);
}
