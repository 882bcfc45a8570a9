# Fails with the name of what is missing before anything is written.
data "kubernetes_namespace_v1" "battlescope" {
  metadata {
    name = var.namespace
  }
}

resource "kubernetes_secret_v1" "secret" {
  for_each = toset(var.expected[*].name)

  metadata {
    name      = each.key
    namespace = data.kubernetes_namespace_v1.battlescope.metadata[0].name
    labels = {
      "app.kubernetes.io/managed-by" = "terraform"
    }
  }
  type = "Opaque"
  data = var.values[each.key]
}
