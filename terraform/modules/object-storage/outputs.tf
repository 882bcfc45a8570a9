output "names" {
  description = "Names of the buckets."
  value       = sort([for bucket in aws_s3_bucket.store : bucket.bucket])
}

output "notified" {
  description = "Topics that learn of uploads, by bucket."
  value       = { for name, notification in local.notified : name => notification.topic }
}
