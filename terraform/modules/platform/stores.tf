# Stores of one pod. A lost Valkey costs caches and sessions; SeaweedFS has the raw killmails, so back up its volume.

resource "random_password" "valkey" {
  length  = 32
  special = false
  keepers = {
    generation = var.password_generation
  }
}

module "valkey" {
  source = "../server"

  name    = "valkey"
  image   = "docker.io/valkey/valkey:9.0.1"
  command = ["valkey-server", "/etc/server/valkey.conf"]
  files = {
    "valkey.conf" = <<-CONF
      requirepass ${random_password.valkey.result}
      dir /data
      appendonly yes
      maxmemory ${floor(local.sizes.valkey.memory_mib * 3 / 4)}mb
      maxmemory-policy volatile-lru
    CONF
  }
  port              = 6379
  client_namespaces = [var.namespace]
  size              = { for key in ["cpu_millicores", "memory_mib", "storage_gib"] : key => local.sizes.valkey[key] }
  storage_class     = var.storage_class
}

resource "random_password" "object_storage" {
  for_each = toset(["terraform", "functions"])

  length  = 40
  special = false
  keepers = {
    generation = var.password_generation
  }
}

# SeaweedFS: its users are a file, so that the functions get one that reaches their bucket only. MinIO's users need a
# provider under the AGPL.
module "object_storage" {
  source = "../server"

  name    = "object-storage"
  image   = "docker.io/chrislusf/seaweedfs:4.48"
  command = ["weed"]
  arguments = [
    "server", "-dir=/data", "-ip=127.0.0.1", "-ip.bind=0.0.0.0", "-s3", "-s3.port=9000", "-s3.config=/etc/server/s3.json",
    "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.volumeSizeLimitMB=1024", "-master.telemetry=false",
    "-volume.max=0",
  ]
  files = {
    "s3.json" = jsonencode({
      identities = [
        {
          name        = "terraform"
          credentials = [{ accessKey = "terraform", secretKey = random_password.object_storage["terraform"].result }]
          actions     = ["Admin"]
        },
        {
          name        = "functions"
          credentials = [{ accessKey = "functions", secretKey = random_password.object_storage["functions"].result }]
          actions     = [for action in ["Read", "Write", "List"] : "${action}:${var.bucket}"]
        },
      ]
    })
  }
  port              = 9000
  client_namespaces = [var.namespace, "terraform"]
  size              = { for key in ["cpu_millicores", "memory_mib", "storage_gib"] : key => local.sizes["object-storage"][key] }
  storage_class     = var.storage_class
}

module "search" {
  source = "../search"
  count  = var.typesense_enabled ? 1 : 0

  client_namespaces = [var.namespace]
  size              = { for key in ["cpu_millicores", "memory_mib", "storage_gib"] : key => local.sizes.typesense[key] }
  storage_class     = var.storage_class
}
