/** What is measured: a proxy program, or the way straight to the origin. */

/** The two faces of the origin: one resumes TLS sessions, the other cannot. */
export type OriginFace = "resuming" | "not-resuming";

/** Where a client of the benchmark connects, and how it gets to the origin from there. */
export interface Target {
	/** `connect`: HTTP CONNECT first. `direct`: TLS at once. */
	readonly kind: "connect" | "direct";
	readonly host: string;
	readonly port: number;
	/** The origin's port, for the CONNECT line. */
	readonly originPort: number;
	/** PEM file of the only CA that the client trusts on this way: proof that the proxy's own certificate was seen. */
	readonly caFile: string;
}

/** A running proxy. */
export interface Subject {
	readonly name: string;
	target(face: OriginFace): Target;
	/** All of its processes at this moment, children included. */
	pids(): number[];
	stop(): Promise<void>;
}

/** What a proxy is given to start with. */
export interface Surroundings {
	/** A directory of its own that is removed afterwards. */
	readonly directory: string;
	/** PEM file of the CA that signed the origin's certificate. */
	readonly originCaFile: string;
	readonly originPorts: Readonly<Record<OriginFace, number>>;
}

/** A proxy that can be started. `missing` says why it cannot be measured here. */
export interface SubjectKind {
	readonly name: string;
	version(): string;
	missing(): string | undefined;
	start(surroundings: Surroundings): Promise<Subject>;
}

/** The origin's only name. Every proxy resolves it by itself and verifies it in the origin's certificate. */
export const originName = "localhost";
