// What an operator asks of the site.

/**
 * Gives a command. Returns what the site answered, `{status, code, message}`, where `status` is `ok`, `refused`, or
 * `unknown` where nobody knows what became of it.
 */
export async function command(name, body) {
  let response;
  try {
    response = await fetch(`/api/commands/${name}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
  } catch {
    return unknown("The connection was lost before an answer came. Look at the site before you try again.");
  }
  const answer = await response.json().catch(() => ({}));
  if (answer.status === "ok" || answer.status === "refused") return answer;
  const detail = answer.detail ?? `This machine answered ${response.status}.`;
  return response.status === 504 ? unknown(detail) : { status: "refused", message: detail };
}

const unknown = message => ({ status: "unknown", message });
