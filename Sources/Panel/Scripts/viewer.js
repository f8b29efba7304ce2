// Who looks, and at which machine's panel; it does not change while the page is open.

const { machine, role, user, permission } = document.body.dataset;

export const viewer = { machine, role, user, permission: Number(permission), isServer: role !== "client" };
