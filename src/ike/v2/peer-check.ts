/** Whether the peer's certificate was revoked: a question of the engine, as the answer may lie on the network. */
import type { BeginPhase } from "#ike/v2/begin-phase.ts";
import type { IkeSa } from "#ike/v2/ike-sa.ts";
import { newDeleteTask } from "#ike/v2/task-ike.ts";
import { notifyType } from "#ike/wire/notify-type.ts";
import type { Certificate } from "#pki/certificate.ts";

/** Notes the path of the peer's certificate and asks about it; true when the association has to wait for the answer, in that phase. */
export function mustAwaitCheck(sa: IkeSa, path: readonly Certificate[] | undefined, phase: BeginPhase): boolean {
	sa.peerPath = path;
	if (path === undefined || !asksRevocation(sa)) return false;
	sa.phase = phase;
	sa.host.emit({ type: "check-peer", sa: sa.id, path, isAgain: false });
	return true;
}

/** Asks again about a peer that was accepted. */
export function checkAgain(sa: IkeSa): void {
	if (!sa.isEstablished || sa.peerPath === undefined || !asksRevocation(sa)) return;
	sa.host.emit({ type: "check-peer", sa: sa.id, path: sa.peerPath, isAgain: true });
}

/** The answer about a peer that was accepted. */
export function onCheckedAgain(sa: IkeSa, refusal: string | undefined, now: number): void {
	if (refusal === undefined || !sa.isEstablished || sa.hasTask("delete-ike")) return;
	sa.report("ike-failed", `the peer is not trusted any more: ${refusal}`);
	sa.enqueue(newDeleteTask(notifyType.AUTHENTICATION_FAILED), now);
}

function asksRevocation({ connection: { remoteAuthentication } }: IkeSa): boolean {
	if (remoteAuthentication.kind === "shared-key") return false;
	const trust = remoteAuthentication.kind === "eap" ? remoteAuthentication.certificates : remoteAuthentication;
	return trust?.asksRevocation === true;
}
