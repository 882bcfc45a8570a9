output "urls" {
  description = "DATABASE_URL of each function, by its name."
  value       = module.postgres.urls
  sensitive   = true
}

output "databases" {
  description = "Names of the databases."
  value       = module.postgres.databases
}

output "topics" {
  description = "Names of the topics; empty without a Kafka."
  value       = try(module.topics[0].names, [])
}

output "buckets" {
  description = "Names of the buckets; empty without a store."
  value       = try(module.object_storage[0].names, [])
}
