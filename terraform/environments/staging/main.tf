module "installation" {
  source = "../../modules/installation"

  environment          = "staging"
  stores               = var.stores
  secrets              = var.secrets
  token_encryption_ids = var.token_encryption_ids
  password_generation  = var.password_generation
}
