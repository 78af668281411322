// Steers a bridge that has one call in a meeting, through openapi-fetch and the generated types.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const environment = (name: string): string => {
  const value = process.env[name];
  assert(value, `${name} is not set`);
  return value;
};
const client = createClient<paths>({
  baseUrl: environment("API").replace(/\/conference\/v1$/, ""),
  headers: { Authorization: `Basic ${Buffer.from(environment("LOGIN")).toString("base64")}` },
});

const calls = await client.GET("/conference/v1/calls", { params: { query: { limit: 5, order: "created desc" } } });
const call: components["schemas"]["Call"] | undefined = calls.data?.items[0];
assert(call);
assert.equal(call.state, 2);

const path = { id: call.id };
const muted = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { muteMode: 2, customName: "TypeScript" } });
assert.equal(muted.data?.muteMode, 2);
const open = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { muteMode: 0 } });
assert.equal(open.data?.muteMode, 0);

const refused = await client.PUT("/conference/v1/calls/{id}", { params: { path }, body: { gainLevel: 99 } });
assert.equal(refused.response.status, 400);
assert.equal(refused.error?.errors[0]?.field, "gainLevel");

const made = await client.POST("/conference/v1/meetingRooms", {
  body: { primaryDidGroupId: 219, callFlowId: 3, keychain: [{ role: 1 }], attributes: [{ name: "conference_maxcalls", value: "7" }] },
});
const number = made.data?.meetingNumber;
assert(number);
assert.equal(made.data?.attributes[0]?.name satisfies components["schemas"]["AttributeName"] | undefined, "conference_maxcalls");
const gone = await client.DELETE("/conference/v1/meetingRooms/{number}", { params: { path: { number } } });
assert.equal(gone.response.status, 204);

const brief = await client.GET("/conference/v1/meetings", { params: { query: { include_fields: "meetingNumber,state" } } });
assert.deepEqual(brief.data?.items, [{ meetingNumber: 106131, state: 2 }]);
console.log("steered by the TypeScript client");
