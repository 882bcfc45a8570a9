output "urls" {
  description = "DATABASE_URL of each function, by its name."
  sensitive   = true
  value = {
    for role, entry in local.roles : role => format(
      "postgresql://%s:%s@%s:%d/%s?sslmode=%s",
      role, random_password.role[role].result, var.server.host, var.server.port, entry.database, var.server.ssl_mode,
    )
  }
}

output "databases" {
  description = "Names of the databases."
  value       = sort([for database in postgresql_database.context : database.name])
}

output "roles" {
  description = "Names of the roles, which are those of the functions."
  value       = sort([for role in postgresql_role.function : role.name])
}
