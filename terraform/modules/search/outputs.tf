output "url" {
  description = "Address of Typesense inside the cluster."
  value       = "http://${module.server.host}:${module.server.port}"
}

output "api_key" {
  description = "The key that may do everything."
  value       = random_password.api_key.result
  sensitive   = true
}

output "search_key" {
  description = "The key that may only search, once search-index has registered it."
  value       = random_password.search_key.result
  sensitive   = true
}
