/** What account-api adds to the address to which a failed login returns, as a sentence. */
const SENTENCES: Readonly<Record<string, string>> = {
  invalid_state: "The login took too long, or another browser began it. Log in again.",
  auth_failed: "EVE Online did not confirm the login. Log in again.",
  access_denied: "The login was cancelled, or the account is blocked.",
  org_not_allowed: "Members of this corporation or alliance may not log in here.",
  not_authenticated: "Log in before you add a character.",
  character_exists: "The character belongs to another account.",
};

/** Why the login that ended at this address failed; undefined where none did. */
export function loginFailure(query: string): string | undefined {
  const reason = new URLSearchParams(query).get("error");
  return reason === null ? undefined : SENTENCES[reason];
}
