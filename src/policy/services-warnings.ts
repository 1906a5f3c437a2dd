/** Warnings about the services of policies; where many lack the same, they are told together. */
import { type Finding, warning } from "#config/finding.ts";

/** `paths` are those of the policies that lack it; `statement` is the one of their services that serves nothing. */
export function servicesWarnings(
	paths: readonly (readonly string[])[],
	statement: string,
	message: string,
): readonly Finding[] {
	if (paths.length <= maxToldAlone)
		return paths.map((path) => warning([...path, "then", "permit", "application-services"], statement, message));
	const names = paths.slice(0, maxToldAlone).map((path) => `"${path.at(-1)}"`);
	const more = `${names.join(", ")} and ${paths.length - maxToldAlone} more`;
	return [warning(["security", "policies"], undefined, `${paths.length} policies (${more}): ${message}`)];
}

/** More policies that lack the same are one warning. */
const maxToldAlone = 3;
