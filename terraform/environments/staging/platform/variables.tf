variable "layout" {
  type        = string
  description = "Sizes for a cluster of `three` or `five` nodes (modules/platform/sizes.yaml)."
  default     = "three"

  validation {
    condition     = contains(["three", "five"], var.layout)
    error_message = "The layout must be three or five."
  }
}

variable "storage_class" {
  type        = string
  description = "StorageClass of all volumes; empty for the cluster's default."
  default     = ""

  validation {
    condition     = can(regex("^[a-z0-9.-]*$", var.storage_class))
    error_message = "The name of a StorageClass has lower-case letters, digits, dots and hyphens."
  }
}

variable "typesense_enabled" {
  type        = bool
  description = "Whether search runs on Typesense instead of PostgreSQL."
  default     = false
}

variable "observability_enabled" {
  type        = bool
  description = "Whether Prometheus and Grafana are installed."
  default     = false
}

variable "dns" {
  type = object({
    hostname    = string
    zone        = string
    provider    = string
    credentials = map(string)
  })
  description = "The public name and its DNS provider. Null where the record is made by hand."
  default     = null
  sensitive   = true

  validation {
    condition     = var.dns == null || try(endswith(var.dns.hostname, var.dns.zone), false)
    error_message = "dns.hostname must lie in dns.zone."
  }
}

variable "password_generation" {
  type        = number
  description = "Another number gives the stores new passwords."
  default     = 1

  validation {
    condition     = var.password_generation >= 1 && floor(var.password_generation) == var.password_generation
    error_message = "The generation must be a whole number from 1."
  }
}
