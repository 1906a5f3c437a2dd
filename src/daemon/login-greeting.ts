/** What somebody reads who comes to the command line, before the first prompt. */

/** `system login`, as far as it is shown. */
export interface LoginTexts {
	readonly message: string | undefined;
	readonly announcement: string | undefined;
	/** Of the classes that ask for it. */
	readonly class: ReadonlyMap<string, { readonly loginAlarms: boolean }>;
}

/** The message, then the announcement, then how many alarms there are for classes with login-alarms; empty for nothing. */
export function loginGreeting(login: LoginTexts, className: string, alarms: () => string): string {
	const { message, announcement } = login;
	const texts = [message, announcement].filter((text) => text !== undefined && text !== "");
	if (login.class.get(className)?.loginAlarms === true) texts.push(alarms().split("\n", 1)[0]);
	return texts.map((text) => `${text}\n`).join("");
}
