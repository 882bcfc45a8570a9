output "databases" {
  description = "Names of the databases: the label battlescope.dev/database of the manifests."
  value       = module.postgres.databases
}

output "roles" {
  description = "Names of the roles: those of the functions with a database."
  value       = module.postgres.roles
}

output "topics" {
  description = "Names of the topics, to which Brokers and sinks refer."
  value       = module.topics.names
}

output "buckets" {
  description = "Names of the buckets."
  value       = module.object_storage.names
}

output "secrets" {
  description = "Names of the Secrets in the namespace."
  value       = module.namespace.secrets
}

output "overlay" {
  description = "What knative/overlays/ENVIRONMENT/settings.yaml must say; a test compares the committed ones."
  value = {
    environment          = var.environment
    replication_factor   = max(module.prerequisites.topics[*].replication_factor...)
    bootstrap_servers    = module.prerequisites.kafka.bootstrap_servers
    bucket_notifications = module.object_storage.notified
  }
}
