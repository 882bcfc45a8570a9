variables {
  hostname      = "battlescope.example.org"
  zone          = "example.org"
  provider_name = "cloudflare"
  credentials   = { CF_API_TOKEN = "none" }
}

run "name_outside_of_the_zone_is_refused" {
  command = plan

  variables {
    zone = "example.com"
  }
  expect_failures = [var.zone]
}
