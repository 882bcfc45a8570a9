# Plans of an empty state ask no server.

variables {
  name              = "cache"
  image             = "registry.example.org/cache:1.2.3"
  port              = 6379
  client_namespaces = ["battlescope"]
  size              = { cpu_millicores = 50, memory_mib = 64, storage_gib = 1 }
}

run "pod_is_restricted" {
  command = plan

  assert {
    condition     = kubernetes_stateful_set_v1.server.spec[0].template[0].spec[0].security_context[0].run_as_non_root
    error_message = "The server must not be root."
  }
  assert {
    condition     = kubernetes_network_policy_v1.server.spec[0].ingress[0].ports[0].port == "6379"
    error_message = "Only the port of the server is open."
  }
}

run "image_without_a_version_is_refused" {
  command = plan

  variables {
    image = "registry.example.org/cache"
  }
  expect_failures = [var.image]
}

run "latest_image_is_refused" {
  command = plan

  variables {
    image = "registry.example.org/cache:latest"
  }
  expect_failures = [var.image]
}
