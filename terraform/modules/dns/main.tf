# external-dns writes the address of the Gateway, which the cloud's load balancer may change, under the names of the
# HTTPRoutes. Without this module an operator makes one A record by hand.

resource "helm_release" "external_dns" {
  name             = "external-dns"
  repository       = "https://kubernetes-sigs.github.io/external-dns/"
  chart            = "external-dns"
  version          = "1.19.0"
  namespace        = "external-dns"
  create_namespace = true
  atomic           = true

  values = [yamlencode({
    provider      = { name = var.provider_name }
    sources       = ["gateway-httproute"]
    domainFilters = [var.zone]
    policy        = "upsert-only"
    txtOwnerId    = "battlescope"
    resources     = { requests = { cpu = "10m", memory = "48Mi" }, limits = { memory = "96Mi" } }
  })]

  set_sensitive = [
    for index, name in sort(nonsensitive(keys(var.credentials))) : {
      name  = "env[${index}].value"
      value = var.credentials[name]
    }
  ]
  set = [
    for index, name in sort(nonsensitive(keys(var.credentials))) : {
      name  = "env[${index}].name"
      value = name
    }
  ]
}
