output "url" {
  description = "Address of Typesense inside the cluster."
  value       = "http://${module.server.host}:${module.server.port}"
}

output "api_key" {
  description = "The key that may do everything; functions that only read get a key of their own by Typesense's API."
  value       = random_password.api_key.result
  sensitive   = true
}
