# Raw killmails are immutable and are read again years later; the rest is small.

locals {
  buckets  = { for bucket in var.buckets : bucket.name => bucket }
  notified = { for name, bucket in local.buckets : name => bucket.notifications if bucket.notifications != null && var.notification_queue_arn != "" }
}

resource "aws_s3_bucket" "store" {
  for_each = local.buckets

  bucket        = each.key
  force_destroy = false
}

resource "aws_s3_bucket_policy" "tls_only" {
  for_each = var.require_tls ? local.buckets : {}

  bucket = aws_s3_bucket.store[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyTls"
      Effect    = "Deny"
      Principal = { AWS = ["*"] }
      Action    = ["s3:*"]
      Resource  = ["arn:aws:s3:::${each.key}", "arn:aws:s3:::${each.key}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket_public_access_block" "store" {
  for_each = var.block_public_access ? local.buckets : {}

  bucket                  = aws_s3_bucket.store[each.key].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_lifecycle_configuration" "store" {
  for_each = var.lifecycle_enabled ? local.buckets : {}

  bucket = aws_s3_bucket.store[each.key].id

  dynamic "rule" {
    for_each = var.expirations

    content {
      id     = trimsuffix(rule.key, "/")
      status = "Enabled"

      filter {
        prefix = rule.key
      }
      expiration {
        days = rule.value
      }
    }
  }
}

resource "aws_s3_bucket_notification" "uploads" {
  for_each = local.notified

  bucket = aws_s3_bucket.store[each.key].id

  queue {
    id            = each.value.topic
    queue_arn     = var.notification_queue_arn
    events        = ["s3:ObjectCreated:*"]
    filter_prefix = each.value.prefix
  }
}
