output "databases" {
  description = "Databases with owner and roles."
  value = [
    for database in local.prerequisites.databases : {
      name  = database.name
      owner = database.owner
      roles = database.roles
    }
  ]
}

output "topics" {
  description = "Topics with the replicas of the environment."
  value = [
    for topic in local.prerequisites.topics : {
      name               = topic.name
      partitions         = topic.partitions
      replication_factor = lookup(topic.replication, var.environment, 1)
      config             = topic.config
    }
  ]
}

output "buckets" {
  description = "Buckets with the Secret that opens them, and their notifications."
  value = [
    for bucket in local.prerequisites.buckets : {
      name          = bucket.name
      secret        = bucket.secret
      notifications = try(bucket.notifications, null)
    }
  ]
}

output "secrets" {
  description = "Secrets with their keys."
  value = [
    for secret in local.prerequisites.secrets : {
      name = secret.name
      keys = secret.keys
    }
  ]
}

output "kafka" {
  description = "How Knative reaches Kafka: bootstrap_servers, protocol and sasl_mechanism."
  value       = local.prerequisites.kafka
}
