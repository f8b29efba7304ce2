// What an operator asks of the site.

/**
 * Gives a command. Returns what the site answered, `{status, code, message}`, where `status` is `ok`, `refused`, or
 * `unknown` where nobody knows what became of it.
 */
export const command = (name, body) => send("POST", `/api/commands/${name}`, body);

/** The same for show files, by their names. */
export const saveShow = name => send("PUT", showAddress(name), {});
export const loadShow = name => send("POST", `${showAddress(name)}/load`, {});

export const showAddress = name => `/show/${encodeURIComponent(name)}`;

async function send(method, address, body) {
  let response;
  try {
    response = await fetch(address, {
      method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
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
