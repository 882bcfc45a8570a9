# A server with one pod and one volume: Valkey, SeaweedFS, Typesense. A chart of each would bring its own conventions.

locals {
  labels = { "app.kubernetes.io/name" = var.name }
}

resource "kubernetes_namespace_v1" "server" {
  metadata {
    name = var.name
    labels = {
      "pod-security.kubernetes.io/enforce" = "restricted"
    }
  }
}

resource "kubernetes_secret_v1" "environment" {
  metadata {
    name      = "${var.name}-environment"
    namespace = kubernetes_namespace_v1.server.metadata[0].name
  }
  data = var.environment
}

resource "kubernetes_secret_v1" "files" {
  metadata {
    name      = "${var.name}-files"
    namespace = kubernetes_namespace_v1.server.metadata[0].name
  }
  data = var.files
}

resource "kubernetes_service_v1" "server" {
  metadata {
    name      = var.name
    namespace = kubernetes_namespace_v1.server.metadata[0].name
  }
  spec {
    selector = local.labels
    port {
      port        = var.port
      target_port = tostring(var.port)
    }
  }
}

resource "kubernetes_stateful_set_v1" "server" {
  metadata {
    name      = var.name
    namespace = kubernetes_namespace_v1.server.metadata[0].name
    labels    = local.labels
  }
  spec {
    service_name = kubernetes_service_v1.server.metadata[0].name
    replicas     = "1"

    selector {
      match_labels = local.labels
    }

    template {
      metadata {
        labels = local.labels
        annotations = {
          # A new value starts a new pod, which reads it.
          "battlescope.dev/configuration" = nonsensitive(sha256(jsonencode([var.environment, var.files])))
        }
      }
      spec {
        automount_service_account_token = false
        enable_service_links            = false

        security_context {
          run_as_non_root = true
          run_as_user     = tostring(var.user)
          run_as_group    = tostring(var.user)
          fs_group        = tostring(var.user)
          seccomp_profile {
            type = "RuntimeDefault"
          }
        }

        container {
          name    = var.name
          image   = var.image
          command = length(var.command) > 0 ? var.command : null
          args    = var.arguments

          env_from {
            secret_ref {
              name = kubernetes_secret_v1.environment.metadata[0].name
            }
          }
          port {
            container_port = var.port
          }
          resources {
            requests = {
              cpu    = "${var.size.cpu_millicores}m"
              memory = "${var.size.memory_mib}Mi"
            }
            limits = {
              memory = "${var.size.memory_mib}Mi"
            }
          }
          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true
            capabilities {
              drop = ["ALL"]
            }
          }
          readiness_probe {
            period_seconds = 5
            tcp_socket {
              port = tostring(var.port)
            }
          }
          volume_mount {
            name       = "data"
            mount_path = "/data"
          }
          volume_mount {
            name       = "files"
            mount_path = "/etc/server"
            read_only  = true
          }
          volume_mount {
            name       = "scratch"
            mount_path = "/tmp"
          }
        }

        volume {
          name = "files"
          secret {
            secret_name = kubernetes_secret_v1.files.metadata[0].name
          }
        }
        volume {
          name = "scratch"
          empty_dir {
            size_limit = "256Mi"
          }
        }
      }
    }

    volume_claim_template {
      metadata {
        name = "data"
      }
      spec {
        access_modes       = ["ReadWriteOnce"]
        storage_class_name = var.storage_class == "" ? null : var.storage_class
        resources {
          requests = {
            storage = "${var.size.storage_gib}Gi"
          }
        }
      }
    }
  }
}

# Its other ports, such as those between parts of SeaweedFS, take orders from everybody who reaches them.
resource "kubernetes_network_policy_v1" "server" {
  metadata {
    name      = var.name
    namespace = kubernetes_namespace_v1.server.metadata[0].name
  }
  spec {
    pod_selector {
      match_labels = local.labels
    }
    policy_types = ["Ingress"]

    ingress {
      ports {
        protocol = "TCP"
        port     = tostring(var.port)
      }
      dynamic "from" {
        for_each = var.client_namespaces

        content {
          namespace_selector {
            match_labels = {
              "kubernetes.io/metadata.name" = from.value
            }
          }
        }
      }
    }
  }
}
