# What knative/base/prerequisites.yaml lists, in the stores of one environment.

module "prerequisites" {
  source = "../prerequisites"

  environment = var.environment
}

locals {
  kafka_user       = "battlescope"
  archive          = one([for bucket in module.prerequisites.buckets : bucket.name if bucket.secret == "archive"])
  database_secrets = { for role, url in module.postgres.urls : "${role}-database" => { DATABASE_URL = url } }
  store_secrets = {
    archive = {
      S3_ENDPOINT_URL       = var.stores.object_storage.endpoint_url
      S3_REGION             = var.stores.object_storage.region
      S3_BUCKET             = local.archive
      AWS_ACCESS_KEY_ID     = var.stores.object_storage.access_key
      AWS_SECRET_ACCESS_KEY = var.stores.object_storage.secret_key
    }
    cache = {
      REDIS_URL = var.stores.valkey.url
    }
    search-engine = {
      TYPESENSE_URL        = var.stores.typesense.url
      TYPESENSE_API_KEY    = var.stores.typesense.api_key
      TYPESENSE_SEARCH_KEY = var.stores.typesense.search_key
    }
    search-engine-reader = {
      TYPESENSE_URL     = var.stores.typesense.url
      TYPESENSE_API_KEY = var.stores.typesense.search_key
    }
    token-encryption = {
      TOKEN_ENCRYPTION_KEY = join(",", [for id in var.token_encryption_ids : "${id}:${random_bytes.token_encryption[id].hex}"])
    }
    kafka = {
      "protocol"       = module.prerequisites.kafka.protocol
      "sasl.mechanism" = module.prerequisites.kafka.sasl_mechanism
      "user"           = local.kafka_user
      "password"       = random_password.kafka.result
      "ca.crt"         = var.stores.kafka.ca_certificate
    }
  }
}

resource "random_password" "kafka" {
  length  = 32
  special = false
  keepers = {
    generation = var.password_generation
  }
}

resource "random_bytes" "token_encryption" {
  for_each = toset(var.token_encryption_ids)

  length = 32
}

module "postgres" {
  source = "../postgres"

  databases = module.prerequisites.databases
  server = {
    host     = var.stores.postgres.host
    port     = var.stores.postgres.port
    ssl_mode = var.stores.postgres.ssl_mode
  }
  password_generation = var.password_generation
}

module "topics" {
  source = "../topics"

  topics   = module.prerequisites.topics
  user     = local.kafka_user
  password = random_password.kafka.result
}

module "object_storage" {
  source = "../object-storage"

  buckets                = module.prerequisites.buckets
  notification_queue_arn = nonsensitive(var.stores.object_storage.notification_queue_arn)
  lifecycle_enabled      = nonsensitive(var.stores.object_storage.lifecycle_enabled)
  require_tls            = nonsensitive(var.stores.object_storage.require_tls)
  block_public_access    = nonsensitive(var.stores.object_storage.block_public_access)
}

module "namespace" {
  source = "../namespace"

  namespace = var.namespace
  expected  = module.prerequisites.secrets
  values    = merge(local.database_secrets, local.store_secrets, var.secrets)
}

# Terraform would make topics in one Kafka, and Brokers look for them in another.
resource "terraform_data" "same_kafka" {
  input = module.prerequisites.kafka.bootstrap_servers

  lifecycle {
    precondition {
      condition     = contains(nonsensitive(var.stores.kafka.bootstrap_servers), module.prerequisites.kafka.bootstrap_servers)
      error_message = "kafka.bootstrap_servers of prerequisites.yaml, which Brokers use, is none of stores.kafka.bootstrap_servers."
    }
  }
}
