/** Path validation: a usual chain whose signatures are known, and chains that are built to be expensive. */
import { generateKeyPairSync } from "node:crypto";
import { getPublicSuffix } from "tldts";
import { type Certificate, decodeCertificate } from "#pki/certificate.ts";
import { TrustAnchors } from "#pki/trust-anchors.ts";
import { type ChainQuestion, verifyChain } from "#pki/verify-chain.ts";
import { SignatureCache } from "#pki/verify-signature.ts";
import { ServerJudge } from "#proxy/judge-server.ts";
import {
	type KeyName,
	limitNames,
	type Made,
	makeCertificate,
	makeChain,
	makeKeyPair,
} from "../../test/support/make-certificate.ts";

/** CPU milliseconds of one validation of server, intermediate and root, the signatures known from before. */
export function usualChain(repeats: number): number {
	const { leaf, intermediate, root } = makeChain(["shop.example", "www.shop.example", "*.shop.example"]);
	const question: ChainQuestion = {
		leaf: leaf.certificate,
		intermediates: [intermediate.certificate],
		anchors: new TrustAnchors([root.certificate]),
		now: Date.now(),
		host: "www.shop.example",
		cache: new SignatureCache(),
		isPublicSuffix: (name) => getPublicSuffix(name) === name,
	};
	const validate = (): void => {
		if (verifyChain(question).kind !== "trusted") throw new Error("the usual chain is not trusted");
	};
	for (let warm = 0; warm < repeats / 4; warm++) validate();
	return (
		cpuMs(() => {
			for (let count = 0; count < repeats; count++) validate();
		}) / repeats
	);
}

/** A chain that must be refused, and what it is made to waste. */
export interface HostileChain {
	readonly title: string;
	/** DER: the server's certificate, and what it sends besides. */
	readonly leaf: Uint8Array;
	readonly others: readonly Uint8Array[];
	readonly anchors: TrustAnchors;
	/** Past the limit of what is read of a chain: all of it at once, decoded, as a fetched store would be. */
	readonly isWhole: boolean;
}

/** Made once; making some of them takes seconds. */
export function hostileChains(): HostileChain[] {
	const nobody = new TrustAnchors([makeCertificate({ subject: "CN=Somebody else", isCa: true }).certificate]);
	const ladders = (["p256", "p384", "p521", "rsa4096"] as const).map((key) => {
		const { leaf, others } = ladder(key, 4, 4);
		return { title: `16 cross-signed CAs, ${key}`, leaf, others, anchors: nobody, isWhole: false };
	});
	const large = ladder("p256", 10, 10);
	const names = (count: number, domain: string) => Array.from({ length: count }, (_, index) => `h${index}.${domain}`);
	const root = makeCertificate({ subject: "CN=Root", isCa: true });
	const limited = makeCertificate({
		subject: "CN=Limited",
		isCa: true,
		issuer: root,
		extensions: [limitNames({ excluded: names(10_000, "excluded.example") })],
	});
	const crowded = makeCertificate({ subject: "CN=crowd", names: names(10_000, "crowd.example"), issuer: limited });
	return [
		...ladders,
		{
			title: "100 cross-signed CAs, p256",
			leaf: large.leaf,
			others: large.others,
			anchors: nobody,
			isWhole: true,
		},
		{
			title: "10,000 names under 10,000 name constraints",
			leaf: crowded.der,
			others: [limited.der],
			anchors: new TrustAnchors([root.certificate]),
			isWhole: false,
		},
	];
}

/** CPU milliseconds until the chain is refused, by a judge that has never seen it: decoding and signatures included. */
export function refuse(chain: HostileChain): number {
	const { leaf, others, anchors, isWhole } = chain;
	if (isWhole) {
		const [first, ...intermediates] = [leaf, ...others].map(decoded);
		return cpuMs(() => {
			const verdict = verifyChain({ leaf: first as Certificate, intermediates, anchors, now: Date.now() });
			if (verdict.kind === "trusted") throw new Error(`${chain.title}: trusted`);
		});
	}
	const judge = new ServerJudge(1_000, new Set(), () => undefined);
	const question = {
		leaf,
		others: () => others,
		host: "h1.crowd.example",
		anchors,
		trustKey: "bench",
		validation: "web-pki",
		opensslError: "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
	} as const;
	return cpuMs(() => {
		const judgement = judge.judge(question, Date.now());
		if (judgement.kind === "judged" && judgement.judged.isTrusted) throw new Error(`${chain.title}: trusted`);
	});
}

/** A server below `levels` names of CAs; each name has `width` certificates of one key, all signed by the name above. */
function ladder(key: KeyName, levels: number, width: number) {
	const pairs = Array.from({ length: levels + 1 }, () =>
		key.startsWith("rsa") ? generateKeyPairSync("rsa", { modulusLength: Number(key.slice(3)) }) : makeKeyPair(key),
	);
	const others: Made[] = [];
	let above = makeCertificate({ subject: `CN=Level ${levels}`, isCa: true, key: pairs[levels] as Made });
	for (let level = levels - 1; level >= 0; level--) {
		const same = Array.from({ length: width }, (_, serial) =>
			makeCertificate({
				subject: `CN=Level ${level}`,
				isCa: true,
				issuer: above,
				key: pairs[level] as Made,
				serial: BigInt(1_000 + serial),
			}),
		);
		others.push(...same);
		above = same[0] as Made;
	}
	const leaf = makeCertificate({ subject: "CN=h1.crowd.example", names: ["h1.crowd.example"], issuer: above });
	return { leaf: leaf.der, others: others.map(({ der }) => der) };
}

function decoded(der: Uint8Array): Certificate {
	const answer = decodeCertificate(der);
	if (answer.kind !== "done") throw new Error("a certificate of the benchmark cannot be read");
	return answer.value;
}

function cpuMs(work: () => void): number {
	const before = process.threadCpuUsage();
	work();
	const { user, system } = process.threadCpuUsage(before);
	return (user + system) / 1000;
}
