# Plans of an empty state ask no server.

provider "kafka" {
  bootstrap_servers = ["kafka.example.org:9092"]
}

variables {
  password = "0123456789abcdef"
  topics = [
    { name = "events", partitions = 8, replication_factor = 3, config = { "retention.ms" = "604800000" } },
  ]
}

run "data_plane_may_read_and_write" {
  command = plan

  assert {
    condition     = sort([for acl in kafka_acl.topic : acl.acl_operation]) == tolist(["Describe", "Read", "Write"])
    error_message = "Knative reads, writes and describes each topic, and no more."
  }
  assert {
    condition     = kafka_topic.events["events"].config["retention.ms"] == "604800000"
    error_message = "The retention must be that of the list."
  }
}

run "kafka_without_sign_in_has_no_user" {
  command = plan

  variables {
    user = ""
  }
  assert {
    condition     = length(kafka_acl.topic) == 0 && length(kafka_acl.group) == 0 && length(kafka_user_scram_credential.user) == 0
    error_message = "Without sign-in there is nobody to give rights to."
  }
}

run "short_password_is_refused" {
  command = plan

  variables {
    password = "short"
  }
  expect_failures = [var.password]
}

run "topic_without_retention_is_refused" {
  command = plan

  variables {
    topics = [{ name = "events", partitions = 8, replication_factor = 3, config = {} }]
  }
  expect_failures = [var.topics]
}
