variable "databases" {
  type = list(object({
    name  = string
    owner = string
    roles = list(string)
  }))
  description = "Databases with their owner and all roles that connect to them, the owner included; `databases` of knative/base/prerequisites.yaml."

  validation {
    condition     = length(var.databases) > 0
    error_message = "There must be a database."
  }
  validation {
    condition     = alltrue([for database in var.databases : contains(database.roles, database.owner)])
    error_message = "The owner of each database must be one of its roles."
  }
  validation {
    condition     = length(distinct(var.databases[*].name)) == length(var.databases)
    error_message = "Each database must be listed once."
  }
  validation {
    condition     = length(distinct(flatten(var.databases[*].roles))) == length(flatten(var.databases[*].roles))
    error_message = "Each role must belong to one database: contexts share no data."
  }
}

variable "server" {
  type = object({
    host     = string
    port     = number
    ssl_mode = string
  })
  description = "Where functions find PostgreSQL, and how they use TLS (`disable`, `require`, `verify-ca` or `verify-full`)."

  validation {
    condition     = var.server.port > 0 && var.server.port < 65536
    error_message = "The port must be from 1 to 65535."
  }
  validation {
    condition     = contains(["disable", "require", "verify-ca", "verify-full"], var.server.ssl_mode)
    error_message = "The mode of TLS must be disable, require, verify-ca or verify-full."
  }
}

variable "maintenance_database" {
  type        = string
  description = "Database of the administrator, which roles of functions may not open either."
  default     = "postgres"

  validation {
    condition     = length(var.maintenance_database) > 0
    error_message = "The database of the administrator needs a name."
  }
}

variable "password_generation" {
  type        = number
  description = "Another number gives every role a new password."
  default     = 1

  validation {
    condition     = var.password_generation >= 1 && floor(var.password_generation) == var.password_generation
    error_message = "The generation must be a whole number from 1."
  }
}
