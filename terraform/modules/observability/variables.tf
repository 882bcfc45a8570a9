variable "retention_days" {
  type        = number
  description = "Days for which metrics are kept."
  default     = 15

  validation {
    condition     = var.retention_days >= 1 && var.retention_days <= 400
    error_message = "Metrics are kept for 1 to 400 days."
  }
}

variable "size" {
  type = object({
    cpu_millicores = number
    memory_mib     = number
    storage_gib    = number
  })
  description = "What Prometheus requests."

  validation {
    condition     = var.size.memory_mib >= 512
    error_message = "Prometheus needs 512 MiB of memory at least."
  }
}

variable "grafana_password" {
  type        = string
  description = "Password of Grafana's user `admin`."
  sensitive   = true

  validation {
    condition     = length(var.grafana_password) >= 16
    error_message = "The password needs 16 characters at least."
  }
}
