# Plans of an empty state ask no server.

variables {
  server = { host = "db.example.org", port = 5432, ssl_mode = "require" }
  databases = [
    { name = "first", owner = "first-write", roles = ["first-write", "first-read"] },
    { name = "second", owner = "second-write", roles = ["second-write"] },
  ]
}

run "public_is_revoked_everywhere" {
  command = plan

  assert {
    condition     = length(postgresql_grant.revoke_public) == 2
    error_message = "PUBLIC must be revoked on each database."
  }
  assert {
    condition     = alltrue([for grant in postgresql_grant.revoke_public : grant.role == "public" && length(grant.privileges) == 0])
    error_message = "The grant to PUBLIC must be empty."
  }
  assert {
    condition     = postgresql_grant.revoke_public_maintenance.database == "postgres"
    error_message = "PUBLIC must be revoked on the administrator's database too."
  }
}

run "only_readers_are_granted_connect" {
  command = plan

  assert {
    condition     = keys(postgresql_grant.connect) == tolist(["first-read"])
    error_message = "The owner connects by owning; everybody else by a grant on one database."
  }
  assert {
    condition     = postgresql_grant.connect["first-read"].database == "first"
    error_message = "A role connects to its own database."
  }
}

run "owner_outside_of_the_roles_is_refused" {
  command = plan

  variables {
    databases = [{ name = "first", owner = "other", roles = ["first-write"] }]
  }
  expect_failures = [var.databases]
}

run "role_of_two_databases_is_refused" {
  command = plan

  variables {
    databases = [
      { name = "first", owner = "shared", roles = ["shared"] },
      { name = "second", owner = "shared", roles = ["shared"] },
    ]
  }
  expect_failures = [var.databases]
}

run "unknown_mode_of_tls_is_refused" {
  command = plan

  variables {
    server = { host = "db.example.org", port = 5432, ssl_mode = "prefer" }
  }
  expect_failures = [var.server]
}
