variable "name" {
  type        = string
  description = "Name of the server, its Service and its namespace."

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "The name must have lower-case letters, digits and hyphens."
  }
}

variable "image" {
  type        = string
  description = "Image with a version, or better a digest."

  validation {
    condition     = can(regex("(:[^:/@]*[0-9][^:/@]*|@sha256:[0-9a-f]{64})$", var.image))
    error_message = "The image must name a version or a digest."
  }
}

variable "command" {
  type        = list(string)
  description = "Program to start, where it is not the one of the image."
  default     = []

  validation {
    condition     = alltrue([for part in var.command : length(part) > 0])
    error_message = "A part of the command cannot be empty."
  }
}

variable "arguments" {
  type        = list(string)
  description = "Arguments of the image's program."
  default     = []

  validation {
    condition     = alltrue([for argument in var.arguments : length(argument) > 0])
    error_message = "An argument cannot be empty."
  }
}

variable "environment" {
  type        = map(string)
  description = "Secret environment variables, kept in a Secret of the namespace."
  default     = {}
  sensitive   = true

  validation {
    condition     = alltrue([for name in keys(var.environment) : can(regex("^[A-Z][A-Z0-9_]*$", name))])
    error_message = "A variable has a name in upper case."
  }
}

variable "files" {
  type        = map(string)
  description = "Secret files by name, mounted read-only below /etc/server."
  default     = {}
  sensitive   = true

  validation {
    condition     = alltrue([for name in keys(var.files) : can(regex("^[a-z0-9.-]+$", name))])
    error_message = "A file has a plain name."
  }
}

variable "port" {
  type        = number
  description = "The only port that others reach."

  validation {
    condition     = var.port > 1023 && var.port < 65536
    error_message = "The port must be from 1024 to 65535: the server is not root."
  }
}

variable "client_namespaces" {
  type        = list(string)
  description = "Namespaces whose pods reach the port."

  validation {
    condition     = length(var.client_namespaces) > 0
    error_message = "A server that nobody reaches is of no use."
  }
}

variable "size" {
  type = object({
    cpu_millicores = number
    memory_mib     = number
    storage_gib    = number
  })
  description = "What the pod requests; memory is its limit too."

  validation {
    condition     = var.size.cpu_millicores >= 10 && var.size.memory_mib >= 32 && var.size.storage_gib >= 1
    error_message = "The size needs 10 millicores, 32 MiB of memory and 1 GiB of storage at least."
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

variable "user" {
  type        = number
  description = "Numeric user of the pod, which owns the volume."
  default     = 65532

  validation {
    condition     = var.user > 0
    error_message = "The server must not be root."
  }
}
