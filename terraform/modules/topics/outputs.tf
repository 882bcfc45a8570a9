output "names" {
  description = "Names of the topics, which Brokers, sinks and sources refer to."
  value       = sort([for topic in kafka_topic.events : topic.name])
}

output "user" {
  description = "The SCRAM user and its password; both empty for a Kafka without sign-in."
  sensitive   = true
  value = {
    name     = var.user
    password = local.has_user ? random_password.user[0].result : ""
  }
}
