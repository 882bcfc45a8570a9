variable "size" {
  type = object({
    cpu_millicores = number
    memory_mib     = number
    storage_gib    = number
  })
  description = "What Typesense requests. It keeps the whole index in memory."

  validation {
    condition     = var.size.memory_mib >= 256
    error_message = "Typesense needs 256 MiB of memory at least."
  }
}

variable "client_namespaces" {
  type        = list(string)
  description = "Namespaces whose pods may search."
  default     = ["battlescope"]

  validation {
    condition     = length(var.client_namespaces) > 0
    error_message = "A server that nobody reaches is of no use."
  }
}

variable "storage_class" {
  type        = string
  description = "StorageClass of the volume; empty for the cluster's default."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.storage_class))
    error_message = "The name of a StorageClass has lower-case letters, digits, dots and hyphens."
  }
}
