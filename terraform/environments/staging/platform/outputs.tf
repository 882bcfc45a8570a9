output "stores" {
  description = "The variable `stores` of the environment's root."
  value       = module.platform.stores
  sensitive   = true
}

output "grafana_password" {
  description = "Password of Grafana's user `admin`."
  value       = module.platform.grafana_password
  sensitive   = true
}

output "hostname" {
  description = "The public name; null where the record is made by hand."
  value       = try(module.dns[0].hostname, null)
}
