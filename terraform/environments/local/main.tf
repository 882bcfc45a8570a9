# The stores of one machine, without Kubernetes: what `battlescope up` makes by itself, for trying the modules.

module "prerequisites" {
  source = "../../modules/prerequisites"

  environment = "local"
}

module "postgres" {
  source = "../../modules/postgres"

  databases = module.prerequisites.databases
  server = {
    host     = var.postgres.host
    port     = var.postgres.port
    ssl_mode = "disable"
  }
}

module "topics" {
  source = "../../modules/topics"
  count  = length(var.kafka_bootstrap_servers) > 0 ? 1 : 0

  topics = module.prerequisites.topics
  user   = ""
}

module "object_storage" {
  source = "../../modules/object-storage"
  count  = nonsensitive(var.object_storage.endpoint_url) != "" ? 1 : 0

  buckets           = module.prerequisites.buckets
  lifecycle_enabled = false
}
