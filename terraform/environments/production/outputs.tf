output "installation" {
  description = "Names of what was made, and what the overlay must say."
  value = {
    databases = module.installation.databases
    roles     = module.installation.roles
    topics    = module.installation.topics
    buckets   = module.installation.buckets
    secrets   = module.installation.secrets
    overlay   = module.installation.overlay
  }
}
