# Plans need no server: nothing of this module is made.

run "production_has_three_replicas" {
  command = plan

  variables {
    environment = "production"
  }
  assert {
    condition     = alltrue([for topic in output.topics : topic.replication_factor == 3])
    error_message = "Topics of production must have three replicas."
  }
  assert {
    condition     = alltrue([for database in output.databases : contains(database.roles, database.owner)])
    error_message = "The owner of a database must be one of its roles."
  }
}

run "local_has_one_replica" {
  command = plan

  variables {
    environment = "local"
  }
  assert {
    condition     = alltrue([for topic in output.topics : topic.replication_factor == 1])
    error_message = "Topics of one machine must have one replica."
  }
}

run "unknown_environment_is_refused" {
  command = plan

  variables {
    environment = "prod"
  }
  expect_failures = [var.environment]
}
