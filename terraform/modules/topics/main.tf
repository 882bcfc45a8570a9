# Kafka owns its topics, not Knative: Brokers and sinks only name them, so that deleting a Broker deletes no event.

locals {
  has_user  = var.user != ""
  principal = "User:${var.user}"
  topic_rights = local.has_user ? {
    for pair in setproduct(var.topics[*].name, ["Read", "Write", "Describe"]) :
    "${pair[0]}/${pair[1]}" => { topic = pair[0], operation = pair[1] }
  } : {}
}

resource "kafka_topic" "events" {
  for_each = { for topic in var.topics : topic.name => topic }

  name               = each.value.name
  partitions         = each.value.partitions
  replication_factor = each.value.replication_factor
  config             = each.value.config
}

resource "kafka_user_scram_credential" "user" {
  count = local.has_user ? 1 : 0

  username         = var.user
  scram_mechanism  = "SCRAM-SHA-512"
  scram_iterations = 8192
  password         = var.password
}

resource "kafka_acl" "topic" {
  for_each = local.topic_rights

  resource_name                = kafka_topic.events[each.value.topic].name
  resource_type                = "Topic"
  resource_pattern_type_filter = "Literal"
  acl_principal                = local.principal
  acl_host                     = "*"
  acl_operation                = each.value.operation
  acl_permission_type          = "Allow"
}

resource "kafka_acl" "group" {
  for_each = local.has_user ? var.consumer_groups : {}

  resource_name                = each.key
  resource_type                = "Group"
  resource_pattern_type_filter = each.value
  acl_principal                = local.principal
  acl_host                     = "*"
  acl_operation                = "Read"
  acl_permission_type          = "Allow"
}
