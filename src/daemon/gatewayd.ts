/** A worker: accepts clients, runs their sessions, asks `managed` for signatures, reports records. */
import { randomBytes } from "node:crypto";
import { getServers } from "node:dns";
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext } from "node:tls";
import { type Address, type Endpoint, formatAddress, parseAddress } from "#base/address.ts";
import { BoundedMap } from "#base/bounded.ts";
import { type Fault, FaultError, fault } from "#base/fault.ts";
import { Rereader } from "#config/reread.ts";
import type { ParsedText } from "#config/text.ts";
import { Admission, type AdmittedSession } from "#daemon/admission.ts";
import { DatagramListeners } from "#daemon/datagram-listeners.ts";
import { DomainListDirectory } from "#daemon/domain-list-directory.ts";
import { frontingGuard, policyOfNames } from "#daemon/fronting-guard.ts";
import { checkedBefore } from "#daemon/load-configuration.ts";
import { onboardingSite } from "#daemon/onboarding-site.ts";
import { ownAuthorityKeys } from "#daemon/own-authority-keys.ts";
import { SessionAccounts } from "#daemon/session-accounts.ts";
import { SignatureRequests } from "#daemon/signature-requests.ts";
import { SignatureSets, sessionSignatures } from "#daemon/signature-sets.ts";
import { TransparentListeners } from "#daemon/transparent-listeners.ts";
import { WorkerAttacks } from "#daemon/worker-attacks.ts";
import { WorkerPacketLogs } from "#daemon/worker-packet-logs.ts";
import { WorkerPrecedence } from "#daemon/worker-precedence.ts";
import type { ToManaged, ToWorker } from "#daemon/worker-protocol.ts";
import {
	lookUp,
	refuseLookUp,
	reportRepair,
	reportRevocation,
	revocationConfiguration,
} from "#daemon/worker-revocation.ts";
import { stapleSubjects } from "#daemon/worker-staples.ts";
import { CookieJar } from "#dtls/cookie.ts";
import { openPlaintext } from "#inspect/open-plaintext.ts";
import { PacketLogStream } from "#inspect/packet-log-stream.ts";
import { patternService } from "#inspect/pattern-service.ts";
import type { QuarantineEntry } from "#inspect/quarantine-list.ts";
import type { InspectionService } from "#inspect/service.ts";
import { ChainRepair } from "#pki/chain-repair-shell.ts";
import { compileRevocation } from "#pki/compile-revocation.ts";
import { crlFacts } from "#pki/crl-text.ts";
import { Fetcher } from "#pki/fetch-shell.ts";
import type { SigningCa } from "#pki/mint.ts";
import { RevocationChecker } from "#pki/revocation-shell.ts";
import { StapleKeeper } from "#pki/staple-shell.ts";
import { trustKey } from "#pki/trust-selection.ts";
import type { Decision, PolicyRule } from "#policy/evaluate.ts";
import { rootSchema } from "#product/root-schema.ts";
import { beginFlow } from "#proxy/begin-flow.ts";
import { compileGateway, type GatewayPlan } from "#proxy/compile.ts";
import type { DatagramPlan } from "#proxy/compile-datagram.ts";
import type { ListenerPlan } from "#proxy/compile-listeners.ts";
import type { TransparentPlan } from "#proxy/compile-transparent.ts";
import type { AdmittedFlow } from "#proxy/datagram-listener-shell.ts";
import type { DtlsResources } from "#proxy/dtls-resources.ts";
import { datagrams, dtlsResources } from "#proxy/dtls-resources-shell.ts";
import { EchKeys } from "#proxy/ech-keys-shell.ts";
import { type JudgedServer, ServerJudge } from "#proxy/judge-server.ts";
import { LeafContexts } from "#proxy/leaf-contexts-shell.ts";
import { defaultLeafSettings } from "#proxy/leaf-settings.ts";
import { type LearnedEntry, learnedKey } from "#proxy/learned-bypass.ts";
import { isListenerAddress, Listener } from "#proxy/listener-shell.ts";
import { NameAddresses } from "#proxy/name-addresses-shell.ts";
import { NameWitness } from "#proxy/name-witness-shell.ts";
import { OwnCertificates } from "#proxy/own-certificates.ts";
import { OwnContexts, presentedIdentity } from "#proxy/own-contexts-shell.ts";
import { ownSockets } from "#proxy/own-socket-shell.ts";
import type { ProxyProfile } from "#proxy/profile.ts";
import { ProxyUsers } from "#proxy/proxy-users.ts";
import { Resolver } from "#proxy/resolver-shell.ts";
import { ServerSessions } from "#proxy/server-sessions.ts";
import type { SessionClient, SessionContext } from "#proxy/session-event.ts";
import { type SessionOwner, SessionShell } from "#proxy/session-shell.ts";
import { TrustStore } from "#proxy/trust-store-shell.ts";
import { ownServer, type WayIn } from "#proxy/way-in.ts";
import { Counters } from "#telemetry/counters.ts";
import { gatewayEvent } from "#telemetry/event-table.ts";
import { matchesSession } from "#telemetry/session-filter.ts";
import type { SessionRecord } from "#telemetry/session-record.ts";

type Configuration = ToWorker & { readonly type: "start" | "configure" };

/** What one configuration means for sessions. A running session keeps the generation that it began with. */
interface Generation {
	readonly plan: GatewayPlan;
	/** By the listener's name. */
	readonly contexts: ReadonlyMap<string, SessionContext>;
	readonly resources: SessionOwner;
	/** The same while the same certificates may vouch for servers. */
	readonly trustKey: string;
	/** The same for the same lists that the operator loaded. */
	readonly listsKey: string;
	/** Has this configuration decide about revocation. */
	readonly useRevocation: () => void;
}

/** Everything one worker holds. Made once, by the `start` message. */
class Worker {
	#generation: Generation;
	#listeners: readonly Listener[] = [];
	readonly #transparent = new TransparentListeners(
		{
			taken: (plan, socket, { address, port }) => this.#accept(plan, socket, { host: formatAddress(address), port }),
			strayed: () => this.#counters.add("connections_strayed"),
		},
		true,
	);
	/** Undefined in all workers but the first. */
	readonly #datagram: DatagramListeners | undefined;
	#dtlsOf: { readonly resources: SessionOwner; readonly dtls: DtlsResources } | undefined;
	readonly #sessions = new Map<SessionShell, AdmittedSession>();
	readonly #counters = new Counters();
	readonly #leafContexts: LeafContexts;
	/** The revocation lists of our signing CAs, DER, by the CA's id. */
	#ownCrls: ReadonlyMap<string, Uint8Array>;
	readonly #serverSessions = new ServerSessions<JudgedServer>(maxServerSessions);
	readonly #fetcher: Fetcher;
	readonly #revocation: RevocationChecker;
	readonly #staples: StapleKeeper;
	readonly #chainRepair: ChainRepair;
	readonly #idp = new SignatureSets((event) => send({ type: "event", event }));
	readonly #signatures = new SignatureRequests(send);
	#lists: DomainListDirectory | undefined;
	#learned: ReadonlyMap<string, LearnedEntry> = new Map();
	readonly #precedence: WorkerPrecedence;
	readonly #ticketKeys: Buffer;
	readonly #witnessContexts = new BoundedMap<string, SecureContext>(maxServerContexts);
	readonly #nameWitness = new NameWitness(
		(options, key) => {
			const made = this.#witnessContexts.get(key) ?? createSecureContext(options);
			this.#witnessContexts.set(key, made);
			return made;
		},
		(event) => send({ type: "event", event }),
	);
	readonly #attacks: WorkerAttacks;
	readonly #packetLogs: WorkerPacketLogs;
	readonly #accounts = new SessionAccounts(this.#counters, send);
	readonly #admission: Admission;
	#idOctets = Buffer.alloc(0);
	readonly #rereader = new Rereader(rootSchema);

	constructor(start: ToWorker & { readonly type: "start" }) {
		this.#datagram = start.worker === 1 ? this.#datagramListeners() : undefined;
		this.#ticketKeys = Buffer.from(start.ticketKeys);
		this.#leafContexts = new LeafContexts(
			(request) => this.#signatures.sign(request),
			this.#ticketKeys,
			maxLeafContexts,
			defaultLeafSettings,
		);
		this.#ownCrls = start.ownCrls;
		this.takeLearned(start.learned);
		this.#precedence = new WorkerPrecedence(start.workers, send);
		const closed = { permitted: [], isOwnListener: () => true };
		this.#fetcher = new Fetcher(closed, refuseLookUp, (outcome) => {
			this.#counters.add("status_fetches");
			if (outcome.kind === "failed") this.#counters.add("status_fetch_failures");
		});
		this.#chainRepair = new ChainRepair(this.#fetcher);
		this.#staples = new StapleKeeper(this.#fetcher, (facts) => send({ type: "staple", facts }));
		const nothing = { authorities: new Map(), loadedCrls: [], crlIssuers: [] };
		this.#revocation = new RevocationChecker(this.#fetcher, nothing, {
			decided: (question, verdict, isAskable) => reportRevocation(question, verdict, isAskable, send),
			listFetched: (url, crl, isNew) => {
				send({ type: "list-fetched", list: { url, ...crlFacts(crl) } });
				if (isNew) this.#listsChanged();
			},
		});
		const read = this.#rereader.read(start.configuration);
		if (read === undefined) throw new Error("a worker that starts knows no configuration before its own");
		this.#generation = this.#generationOf(start, read);
		this.#generation.useRevocation();
		this.#precedence.configure(this.#generation.plan);
		this.#attacks = new WorkerAttacks(this.#generation.plan.idp.log, (attacks) =>
			send({ type: "attacks", ...attacks }),
		);
		this.#packetLogs = new WorkerPacketLogs(start.workers, (report) => send({ type: "packet-log", report }));
		this.#packetLogs.configure(this.#generation.plan.idp.packetLog, this.#generation.plan.overload.maximumSessions);
		this.takeQuarantine(start.quarantined);
		this.#admission = new Admission(start, this.#generation.plan.overload, this.#counters);
		this.#applyCacheSettings();
	}

	/** After an answer, so that nobody waits for it. */
	prepare(): void {
		this.#rereader.prepare();
	}

	async listen(): Promise<void> {
		await this.#listenAt(this.#generation.plan);
		setInterval(() => this.#tick(), tickMs);
		setInterval(() => this.#flush(), flushMs);
	}

	/**
	 * New sessions follow the new configuration; what runs goes on. On a fault nothing has changed, nor when the answer is
	 * false: then its text is wanted.
	 */
	async configure(message: ToWorker & { readonly type: "configure" }): Promise<boolean> {
		const read = this.#rereader.read(message.configuration);
		if (read === undefined) return false;
		const next = this.#generationOf(message, read);
		await this.#listenAt(next.plan);
		const isOtherTrust = next.trustKey !== this.#generation.trustKey;
		const hasOtherLists = next.listsKey !== this.#generation.listsKey;
		this.#generation = next;
		this.#ownCrls = message.ownCrls;
		this.#admission.configure(next.plan.overload);
		this.#precedence.configure(next.plan);
		this.#attacks.configure(next.plan.idp.log);
		this.#packetLogs.configure(next.plan.idp.packetLog, next.plan.overload.maximumSessions);
		this.#applyCacheSettings();
		// What a leaf stands for was validated under the trust before (V21). Verdicts and sessions bear it in their keys.
		if (isOtherTrust) this.#leafContexts.clear();
		next.useRevocation();
		if (hasOtherLists) this.#listsChanged();
		return true;
	}

	/** Leaves for servers that were good before may be asked for anew. */
	#listsChanged(): void {
		if (this.#generation.plan.forgetsLeavesOnCrlUpdate) this.#leafContexts.clear();
	}

	#applyCacheSettings(): void {
		const { leaves } = this.#generation.plan;
		this.#leafContexts.configure(leaves);
		this.#serverSessions.lifetimeMs = leaves.sessionSeconds * 1000;
	}

	takeLearned(entries: readonly LearnedEntry[]): void {
		this.#learned = new Map(entries.map((entry) => [learnedKey(entry), entry]));
	}

	takeQuarantine(entries: readonly QuarantineEntry[]): void {
		this.#precedence.takeQuarantine(entries);
	}

	askFeeds({ question, facts }: ToWorker & { readonly type: "ask-feeds" }): void {
		send({ type: "feeds-asked", question, found: this.#precedence.found(facts) });
	}

	feedsFetched(): void {
		this.#precedence.feedsFetched();
	}

	takeCrls(renewed: ReadonlyMap<string, Uint8Array>): void {
		this.#ownCrls = new Map([...this.#ownCrls, ...renewed]);
	}

	/** Opens the listeners that are new, then closes those that are gone. */
	async #listenAt({ listeners: plans, transparent, datagram }: GatewayPlan): Promise<void> {
		const isSame = (a: ListenerPlan, b: ListenerPlan) =>
			a.name === b.name && a.listen.host === b.listen.host && a.listen.port === b.listen.port;
		const kept = this.#listeners.filter((listener) => plans.some((plan) => isSame(plan, listener.plan)));
		const fresh = plans
			.filter((plan) => !kept.some((listener) => isSame(plan, listener.plan)))
			.map((plan) => new Listener(plan, (name, socket) => this.#accept(name, socket)));
		try {
			for (const listener of fresh) await listener.open(true);
			await this.#transparent.listenAt(transparent);
			await this.#datagram?.listenAt(datagram);
		} catch (error) {
			for (const listener of fresh) void listener.close();
			throw error;
		}
		for (const listener of this.#listeners) if (!kept.includes(listener)) void listener.close();
		this.#listeners = [...kept, ...fresh];
	}

	#generationOf(message: Configuration, read: ParsedText): Generation {
		const authorities = new Map(message.authorities.map((ca) => [ca.id, ca]));
		const config = checkedBefore(read);
		this.#lists ??= new DomainListDirectory(message.lists);
		const plan = compileGateway(config, this.#lists.read());
		const { policy, timeouts, listeners } = plan;
		const isOwnListener = (address: Address, port: number) =>
			isListenerAddress(listeners, formatAddress(address), port);
		const onboarding = onboardingSite(plan.onboarding, message.authorities, message.trust, (id) =>
			this.#ownCrls.get(id),
		);
		const learned = (key: string) => this.#learned.get(key);
		const own = new OwnCertificates(message.ownCertificates);
		// A profile that can mint leaves stands only for the servers that it has a certificate of (R10).
		const ownCertificates = ({ serverCertificates, trustedCa }: ProxyProfile, sni: string | undefined) =>
			own.choose(serverCertificates, sni, trustedCa !== undefined);
		const mayServerSpeakFirst = policy.isDefaultPermit || policy.rules.some(mayPassBeforeHello);
		const { trustsSni } = plan;
		const logsInit = (rule: string) => plan.policyLogs.get(rule)?.isInitLogged === true;
		const isOwnDatagram = (address: Address, port: number) =>
			isListenerAddress(plan.datagram, formatAddress(address), port);
		// A transparent listener's clients mean other hosts: the packet filter leaves connections to this one alone.
		const transparent = plan.transparent.map((one) => ({ ...one, mayReachLocal: false, proxiesInFront: undefined }));
		const datagram = plan.datagram.map((one) => ({ ...one, proxiesInFront: undefined, isDatagram: true }));
		const contexts = [...listeners, ...transparent, ...datagram].map(
			({ name, mayReachLocal, fromZone, way, proxiesInFront, ...rest }): [string, SessionContext] => {
				const isDatagram = "isDatagram" in rest;
				const own = isDatagram ? plan.datagramPolicy : policy;
				const hasOwnServer = ownServer(way) !== undefined;
				const isElsewhere = hasOwnServer || way.kind === "transparent";
				const shared = {
					proxiesInFront,
					mayServerSpeakFirst,
					fromZone,
					way,
					timeouts,
					mayReachLocal,
					onboarding,
					learned,
					ownCertificates,
					logsInit,
					trustsSni,
					precedence: this.#precedence.of(isDatagram ? plan.datagramPrecedence : plan.precedence, isDatagram),
					mustOpen: isDatagram && way.kind !== "pass-through",
				};
				return [
					name,
					{
						...shared,
						listener: name,
						users: proxyUsers(way),
						policy: hasOwnServer ? { ...own, isDefaultPermit: true } : own,
						// The operator named the server, another listener perhaps: a tunnel ends there.
						isOwnListener: isElsewhere ? () => false : isDatagram ? isOwnDatagram : isOwnListener,
					},
				];
			},
		);
		const resources = this.#makeResources(message, plan, authorities, own);
		const revocation = compileRevocation(config);
		const guard = { permitted: revocation.permittedNetworks, isOwnListener };
		const lists = revocationConfiguration(revocation, message.trust.profiles, message.loadedCrls);
		const useRevocation = () => {
			this.#fetcher.configure(guard, (host, answer) => lookUp(resources.resolver, host, answer));
			this.#revocation.configure(lists);
			this.#staples.configure(stapleSubjects(plan.stapledCertificates, own, lists));
		};
		const listsKey = lists.loadedCrls.map(({ fingerprint }) => fingerprint).join(" ");
		return {
			plan,
			contexts: new Map(contexts),
			resources,
			trustKey: trustKey(message.trust, plan.trust),
			listsKey,
			useRevocation,
		};
	}

	/** The operator wants every list and answer fetched again. */
	forgetFetched(): void {
		this.#revocation.forget();
	}

	clearCertificateCache(): void {
		this.#leafContexts.clear();
	}

	showCertificateCache({ question, limit }: ToWorker & { readonly type: "show-certificate-cache" }): void {
		const { leafCount: certificates, size: contexts } = this.#leafContexts;
		const kept = this.#leafContexts.kept(limit);
		send({ type: "certificate-cache", question, certificates, contexts, kept });
	}

	/** Flows of datagrams are not among them. */
	endSessions({ question, filter, id }: ToWorker & { readonly type: "end-sessions" }): void {
		const fitting = [...this.#sessions.keys()].filter((session) => {
			const record = session.record();
			return record.id.startsWith(id) && matchesSession(filter, record);
		});
		for (const session of fitting) session.shutdown("the session was cleared by an operator");
		send({ type: "sessions-ended", question, count: fitting.length });
	}

	signed({ answers }: ToWorker & { readonly type: "signed" }): void {
		this.#signatures.answered(answers);
	}

	/** Ends everything and reports what is left to report. */
	stop(): void {
		for (const listener of this.#listeners) void listener.close();
		void this.#transparent.close();
		this.#datagram?.close("the gateway was stopped");
		for (const session of this.#sessions.keys()) session.shutdown("the gateway was stopped");
		this.#flush();
		this.#attacks.flush(Date.now(), true);
	}

	#makeResources(
		message: Configuration,
		plan: GatewayPlan,
		authorities: ReadonlyMap<string, SigningCa>,
		own: OwnCertificates,
	): SessionOwner {
		const trustStore = new TrustStore(message.trust, plan.trust);
		const serverContexts = new BoundedMap<string, SecureContext>(maxServerContexts);
		const services = new Map<string, readonly InspectionService[]>();
		for (const [name, rules] of plan.patternPolicies) services.set(name, [patternService(rules)]);
		const { maximumDecodedOctets } = plan;
		const files = { named: plan.idp.files, fetched: plan.idp.fetchedFiles };
		const idp = this.#idp.configure(files, plan.idp.policies, plan.idp.used, plan.idp.zones);
		const resolver = new Resolver(plan.staticHosts, maxResolvedNames, keepNamesMs);
		const ownContexts = new OwnContexts(maxOwnContexts, this.#ticketKeys, plan.leaves.sessionSeconds);
		return {
			socketsFrom: (source) => {
				const { linux } = this.#transparent;
				if (linux === undefined) throw new Error("a session has a source of its own without a transparent listener");
				return ownSockets(linux, message.ownMark, source);
			},
			ownCertificates: own,
			staple: (id) => this.#staples.response(id, Date.now()),
			ownContext: (certificate, options, variant) => ownContexts.get(certificate, options, variant),
			resolver,
			echKeys: new EchKeys(plan.echConfigs, getServers),
			nameAddresses: new NameAddresses(resolver),
			leafContexts: this.#leafContexts,
			serverSessions: this.#serverSessions,
			revocation: this.#revocation,
			chainRepair: this.#chainRepair,
			chainRepaired: (leaf, fetchedFrom) => reportRepair(leaf, fetchedFrom, send),
			judge: new ServerJudge(maxLeafContexts, ownAuthorityKeys(authorities.values()), (facts) => {
				this.#counters.add("origin_disagreements");
				send({ type: "event", event: gatewayEvent("ORIGIN_VALIDATION_DISAGREEMENT", Date.now(), facts) });
			}),
			trustedRoots: (names) => trustStore.roots(names),
			nameWitness: this.#nameWitness,
			tell: (event) => send({ type: "event", event }),
			serverContext: (options, contextKey, trusted, identity) => {
				const roots = trustStore.roots(trusted);
				const key = `${contextKey} ${roots.key}`;
				const known = serverContexts.get(key);
				if (known !== undefined) return known;
				// Hundreds of public roots cost milliseconds and a mebibyte in each context; the default ones are shared.
				const presented = identity === undefined ? options : { ...options, ...presentedIdentity(identity) };
				const made = createSecureContext(roots.isDefault ? presented : { ...presented, ca: [...roots.pem] });
				serverContexts.set(key, made);
				return made;
			},
			signingCa: (id) => authorities.get(id) as SigningCa,
			inspect: ({ profile, alpn, mail, sessionId, edits, ...facts }) => {
				const fronting = frontingGuard({ profile, sessionId, ...facts }, this.#counters, send);
				const patterns = services.get(profile.patternPolicy ?? "") ?? [];
				const policy = profile.idpPolicy ?? "";
				const attacked = { sessionId, policy, sni: facts.hello?.sni, ...facts };
				const { client, server } = facts;
				const transport = alpn === datagrams ? "udp" : "tcp";
				const logged = { session: sessionId, transport, client, server } as const;
				const recorder = this.#packetLogs.recorder(plan.idp.policies.get(policy), logged);
				const seen = { ...facts, maxDepth: plan.idp.maxDepth };
				const signatures = sessionSignatures(idp.get(policy), plan.idp.failsOpen, seen, (alert, rule, flow) => {
					this.#precedence.alerted(alert, rule, facts);
					this.#attacks.alerted(alert, rule, flow, attacked, Date.now());
					const { sid, message } = alert.signature;
					if (rule?.packetLog !== undefined) recorder?.attack(`${sid} ${message}`.trim(), rule.packetLog);
				});
				const names = policyOfNames(profile, facts);
				const last = [fronting, ...patterns, signatures].filter((service) => service !== undefined);
				const staged = this.#precedence.services({ sessionId, asked: facts.names?.name, ...facts }, last);
				const active = names === undefined ? staged : [names, ...staged];
				const { decryptedService: service } = profile;
				const agreed = { alpn, mail, service };
				const stream = openPlaintext(active, { ...agreed, sessionId, maxDecodedOctets: maximumDecodedOctets, edits });
				return stream === undefined || recorder === undefined ? stream : new PacketLogStream(stream, recorder);
			},
			bucket: (limit) => this.#precedence.bucket(limit),
			leafRefused: (server, client) => send({ type: "leaf-refused", server, client }),
			ended: (session, record) => {
				this.#sessions.get(session)?.closed();
				this.#sessions.delete(session);
				this.#counters.add("sessions_active", -1);
				this.#ended(record, session.decision, plan);
			},
		};
	}

	/** `destination` is what a transparent client addressed. */
	#accept(listener: ListenerPlan | TransparentPlan, socket: Socket, destination?: Endpoint): void {
		const address = parseAddress(socket.remoteAddress ?? "");
		// The client may be gone again before it was accepted.
		if (address === undefined) return void socket.destroy();
		this.#counters.add("sessions_opened");
		const id = this.#newId();
		const { contexts, resources } = this.#generation;
		const context = contexts.get(listener.name);
		// Its listener is being opened or closed by a new configuration.
		if (context === undefined) return void socket.destroy();
		const admitted = this.#admission.admit(socket, formatAddress(address), id, listener.way.kind);
		if (admitted === undefined) return;
		this.#counters.add("sessions_active");
		const { mayDecrypt } = admitted;
		const client = { address, destination };
		const session = new SessionShell(id, socket, client, { ...context, mayDecrypt }, resources, Date.now());
		this.#sessions.set(session, admitted);
		session.start();
	}

	#ended(record: SessionRecord, decision: Decision<ProxyProfile> | undefined, { policyLogs }: GatewayPlan): void {
		this.#precedence.matched(decision?.reputation);
		this.#accounts.ended(record, decision?.profile, policyLogs.get(record.rule));
	}

	#datagramListeners(): DatagramListeners {
		return new DatagramListeners({
			admit: (plan, client, now) => this.#admitFlow(plan, client, now),
			tell: (event) => send({ type: "event", event }),
			ended: (record, decision) => this.#ended(record, decision, this.#generation.plan),
			strayed: () => this.#counters.add("datagrams_strayed"),
			unrecorded: () => this.#counters.add("datagram_flows_unrecorded"),
		});
	}

	/** Of the configuration of the moment. */
	#dtls(): DtlsResources {
		const { resources } = this.#generation;
		if (this.#dtlsOf?.resources !== resources) {
			const cookies = this.#dtlsOf?.dtls.cookies ?? new CookieJar((octets) => randomBytes(octets), Date.now());
			this.#dtlsOf = { resources, dtls: dtlsResources(resources, cookies) };
		}
		return this.#dtlsOf.dtls;
	}

	#admitFlow(plan: DatagramPlan, client: SessionClient, now: number): AdmittedFlow | undefined {
		const { contexts, resources } = this.#generation;
		const context = contexts.get(plan.name);
		if (context === undefined) return undefined;
		const admitted = this.#admission.admitFlow(formatAddress(client.address));
		if (admitted === undefined) return undefined;
		this.#counters.add("sessions_opened");
		this.#counters.add("sessions_active");
		const id = this.#newId();
		const { mayDecrypt } = admitted;
		return {
			resolver: resources.resolver,
			begin: (ports) => beginFlow(id, plan, client, { ...context, mayDecrypt }, this.#dtls(), ports, now),
			released: () => {
				admitted.closed();
				this.#counters.add("sessions_active", -1);
			},
		};
	}

	/** 64 random bits; drawn many at a time, since each draw is a call into the kernel's or OpenSSL's generator. */
	#newId(): string {
		if (this.#idOctets.length < idLength) this.#idOctets = randomBytes(idLength * 512);
		const id = this.#idOctets.toString("hex", 0, idLength);
		this.#idOctets = this.#idOctets.subarray(idLength);
		return id;
	}

	#flush(): void {
		this.#counters.add("leaf_cache_hits", this.#leafContexts.takeHits());
		this.#accounts.flush();
		this.#attacks.flush(Date.now());
	}

	#tick(): void {
		const now = Date.now();
		for (const session of this.#sessions.keys()) session.tick(now);
		this.#staples.tick(now);
		this.#datagram?.tick(now);
		this.#precedence.tick(now);
		for (const event of this.#admission.tick(now)) send({ type: "event", event });
	}
}

function proxyUsers(way: WayIn): ProxyUsers | undefined {
	const users = way.kind === "explicit" ? way.users : undefined;
	return users === undefined ? undefined : new ProxyUsers(users, randomBytes(32));
}

/** A server that speaks before its client may matter under this policy. */
function mayPassBeforeHello({ action, profile }: PolicyRule<ProxyProfile>): boolean {
	return action === "permit" && (profile === undefined || profile.passesNonTls || profile.starttls !== "drop");
}

function send(message: ToManaged): void {
	// Without `managed` nobody can sign or record: the worker ends.
	if (process.connected) process.send?.(message);
	else process.exit(1);
}

let worker: Worker | undefined;

process.on("message", (message: ToWorker) => {
	switch (message.type) {
		case "start":
			start(message);
			return;
		case "configure":
			configure(message);
			return;
		case "own-crls":
			worker?.takeCrls(message.ownCrls);
			return;
		case "learned-bypass":
			worker?.takeLearned(message.learned);
			return;
		case "quarantined":
			worker?.takeQuarantine(message.quarantined);
			return;
		case "ask-feeds":
			worker?.askFeeds(message);
			return;
		case "feeds-fetched":
			worker?.feedsFetched();
			return;
		case "forget-fetched":
			worker?.forgetFetched();
			return;
		case "clear-certificate-cache":
			worker?.clearCertificateCache();
			return;
		case "show-certificate-cache":
			worker?.showCertificateCache(message);
			return;
		case "end-sessions":
			worker?.endSessions(message);
			return;
		case "signed":
			worker?.signed(message);
			return;
		case "stop":
			worker?.stop();
			// A last message that goes out behind all others: then nothing is left to say.
			process.send?.({ type: "stopped" } satisfies ToManaged, () => process.exit(0));
	}
});
process.on("disconnect", () => process.exit(0));
// Ctrl-C reaches the whole process group; `managed` says when to stop.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => undefined);

function start(message: ToWorker & { readonly type: "start" }): void {
	try {
		worker = new Worker(message);
	} catch (error) {
		return failed(error);
	}
	worker
		.listen()
		.then(() => send({ type: "listening" }), failed)
		.then(() => worker?.prepare());
}

function configure(message: ToWorker & { readonly type: "configure" }): void {
	const { revision } = message;
	// Through a promise, so that what is thrown at once is told like what fails later.
	Promise.resolve()
		.then(() => worker?.configure(message))
		.then(
			(isTaken) => {
				send({ type: isTaken === false ? "text-wanted" : "configured", revision });
				worker?.prepare();
			},
			(error) => send({ type: "not-configured", revision, fault: faultOf(error) }),
		);
}

function faultOf(error: unknown): Fault {
	return error instanceof FaultError ? error.fault : fault("INTERNAL", `the worker failed: ${String(error)}`);
}

function failed(error: unknown): void {
	const value = faultOf(error);
	process.send?.({ type: "failed", fault: value } satisfies ToManaged, () => process.exit(1));
}

const idLength = 8;
const tickMs = 1_000;
const flushMs = 200;
const maxServerContexts = 256;
const maxLeafContexts = 4_096;
const maxOwnContexts = 4_096;
const maxServerSessions = 4_096;
const maxResolvedNames = 4_096;
const keepNamesMs = 10_000;
