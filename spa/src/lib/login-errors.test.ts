import { expect, test } from "vitest";
import { loginFailure } from "./login-errors";

test("a failed login has a sentence, and nothing else has one", () => {
  expect(loginFailure("?error=org_not_allowed&rule=denied_alliance")).toContain("may not log in here");
  expect(loginFailure("?error=%3Cscript%3E")).toBeUndefined();
  expect(loginFailure("")).toBeUndefined();
});
