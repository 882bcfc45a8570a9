provider "postgresql" {
  host     = var.postgres.host
  port     = var.postgres.port
  username = var.postgres.username
  password = var.postgres.password
  sslmode  = "disable"
}

provider "kafka" {
  bootstrap_servers = var.kafka_bootstrap_servers
  tls_enabled       = false
}

provider "aws" {
  region                      = var.object_storage.region
  access_key                  = var.object_storage.access_key
  secret_key                  = var.object_storage.secret_key
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true

  endpoints {
    s3 = var.object_storage.endpoint_url
  }
}
