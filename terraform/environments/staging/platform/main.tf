module "prerequisites" {
  source = "../../../modules/prerequisites"

  environment = "staging"
}

module "platform" {
  source = "../../../modules/platform"

  layout                = var.layout
  bucket                = one([for bucket in module.prerequisites.buckets : bucket.name if bucket.secret == "archive"])
  kafka_replicas        = max(module.prerequisites.topics[*].replication_factor...)
  typesense_enabled     = var.typesense_enabled
  observability_enabled = var.observability_enabled
  storage_class         = var.storage_class
  password_generation   = var.password_generation
}

module "dns" {
  source = "../../../modules/dns"
  count  = nonsensitive(var.dns != null) ? 1 : 0

  hostname      = nonsensitive(var.dns.hostname)
  zone          = nonsensitive(var.dns.zone)
  provider_name = nonsensitive(var.dns.provider)
  credentials   = var.dns.credentials
}
