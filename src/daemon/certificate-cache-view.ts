/** `show` and `clear services ssl proxy certificate-cache`: the leaves that the workers keep. */
import type { HandlerRequest } from "#cli/connection-shell.ts";
import { utc } from "#config/commit.ts";
import type { CommandWorld } from "#daemon/gateway-view.ts";
import type { CertificateCacheFacts } from "#daemon/worker-protocol.ts";
import { visibleJson, visibleText } from "#telemetry/display-text.ts";

/** How full each worker's cache is, and its leaves, those used last at the end. */
export async function* showCertificateCache(
	{ gateway }: CommandWorld,
	{ values, isJson }: HandlerRequest,
): AsyncIterable<string> {
	const caches = await gateway.certificateCaches(Number(values.last ?? defaultCount));
	if (isJson) return yield* caches.map((cache) => `${visibleJson(cache)}\n`);
	const { keepMs } = gateway.plan.leaves;
	yield keepMs === 0
		? "Certificate cache: disabled, each session gets a certificate of its own\n"
		: `Certificate cache: a certificate is used again for ${keepMs / 1000} seconds\n`;
	for (const cache of caches) yield* lines(cache);
}

/** Answers what `clear` prints. */
export function clearCertificateCache({ gateway }: CommandWorld): string {
	gateway.clearCertificateCaches();
	return "";
}

function* lines({ worker, certificates, contexts, kept }: CertificateCacheFacts): Iterable<string> {
	yield `Worker ${worker}: ${certificates} certificates, ${contexts} TLS contexts\n`;
	for (const { names, ca, keyClass, madeAt, expiresAt, uses, originSha256, certificateSha256 } of kept) {
		const facts = `signed by ${ca}, ${keyClass}; made ${utc(madeAt)}, until ${utc(expiresAt)}; ${uses} sessions`;
		yield `  ${visibleText(names.join(", "))}\n    ${visibleText(facts)}\n`;
		yield `    certificate ${certificateSha256}\n    server certificate ${originSha256}\n`;
	}
}

const defaultCount = 20;
